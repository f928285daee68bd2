import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';

/** Where distributions keep what their users trust. */
const bundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem', '/etc/ssl/cert.pem'];

/**
 * The authorities that this host trusts, in PEM, as other programs of the host see them: Node has a list of its own, which knows
 * nothing of an authority that a company has added. SSL_CERT_FILE names another file, as for OpenSSL and Go.
 */
export async function hostAuthorities(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const named = env.SSL_CERT_FILE;
  if (named) return [await readFile(named, 'utf8')];
  const extra = env.NODE_EXTRA_CA_CERTS ? await readFile(env.NODE_EXTRA_CA_CERTS, 'utf8').catch(() => '') : '';
  for (const bundle of bundles) {
    const text = await readFile(bundle, 'utf8').catch(() => '');
    if (text !== '') return [text, extra];
  }
  return [...rootCertificates, extra];
}
