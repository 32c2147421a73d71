// Objects here are clients' JSON, in which `__proto__` is a key like any other: a ConfigMap may have it, and a patch may
// name it on its way to every object of the process. Without this accessor it is one (`node --disable-proto=delete`).
// To be imported before anything else.
Reflect.deleteProperty(Object.prototype, '__proto__');
