/** Protocols of ports, in the order in which field errors name them. */
export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
