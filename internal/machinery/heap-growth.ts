// V8 collects again when so much has come since the last collection as a part of what was alive then. Here that is
// little, for the data are in LMDB, while the buffers of messages count: a leader that sent old entries to a member
// collected three times a second, 20 ms each, and its clients felt it. At 200 % the heap grows to three times what is
// alive before the next one (V8 reads the flag each time; measured by bench/catch-up.ts). To be imported by whoever serves.
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--heap-growing-percent=200');
