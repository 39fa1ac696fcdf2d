/** The path of a peer's program, built where it is not there yet. Throws where the name is unknown or it does not build. */
export function buildPeer(name: string): string
