/** Protocols of ports, in the order in which complaints name them. */
export const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
