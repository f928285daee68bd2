/** What the codes of Node and undici mean for who reads the error. */
const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is unknown: is there a network, and a name server?',
  EAI_AGAIN: 'its name cannot be looked up: is there a network, and a name server?',
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: 'it closed the connection',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no network',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  UND_ERR_BODY_TIMEOUT: 'it sends nothing any more',
  UND_ERR_SOCKET: 'it closed the connection',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'it closed the connection too early',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself, and is not one that this host trusts',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that this host does not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that this host does not trust',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that this host does not trust',
  CERT_HAS_EXPIRED: 'its certificate has expired; is the clock of this host right?',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock of this host right?',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** Why a server could not be reached, or stopped sending. */
export function brokenReason(error: unknown): string {
  for (let each = error; each instanceof Error; each = each.cause) {
    const known = reasons[String((each as NodeJS.ErrnoException).code)];
    if (known) return known;
    // Several addresses were tried: the first says as much as the others.
    if (each instanceof AggregateError && each.errors.length > 0) return brokenReason(each.errors[0]);
  }
  return error instanceof Error ? error.message : String(error);
}
