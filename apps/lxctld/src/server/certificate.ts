import { createHash, X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isErrno } from '#lib/host';

export interface ServerCertificate {
  pem: string;
  /** SHA-256 of the DER form, in lower-case hex: what clients pin. */
  fingerprint: string;
}

const tenYears = 10 * 365 * 24 * 3600 * 1000;

/**
 * The server's certificate, in `server.crt` and `server.key` of the state directory. It is read, or created, at its first
 * use, because the start of the daemon does not need it.
 */
export class CertificateFile {
  readonly #directory: string;
  #certificate: Promise<ServerCertificate> | null = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get(): Promise<ServerCertificate> {
    this.#certificate ??= this.#load().catch((error: unknown) => {
      this.#certificate = null;
      throw error;
    });
    return this.#certificate;
  }

  async #load(): Promise<ServerCertificate> {
    const pem = (await this.#read()) ?? (await this.#make());
    return { pem, fingerprint: createHash('sha256').update(new X509Certificate(pem).raw).digest('hex') };
  }

  async #read(): Promise<string | null> {
    try {
      return await readFile(join(this.#directory, 'server.crt'), 'utf8');
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }
  }

  /** Writes the key first: after a crash in between, both are created again. */
  async #make(): Promise<string> {
    const { crt, key } = await selfSigned(hostname());
    await replace(join(this.#directory, 'server.key'), key, 0o600);
    await replace(join(this.#directory, 'server.crt'), crt, 0o644);
    return crt;
  }
}

async function replace(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}

/** PEM texts of a P-384 key and a certificate over it, valid for ten years. */
async function selfSigned(host: string): Promise<{ crt: string; key: string }> {
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
  x509.cryptoProvider.set(globalThis.crypto);
  const keys = await globalThis.crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ O: ['lxctl'] }, { CN: [`root@${host}`] }],
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(),
    notAfter: new Date(Date.now() + tenYears),
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: host },
        { type: 'ip', value: '127.0.0.1' },
        { type: 'ip', value: '::1' },
      ]),
    ],
  });
  const key = Buffer.from(await globalThis.crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = key.match(/.{1,64}/g) ?? [];
  return { crt: `${certificate.toString('pem')}\n`, key: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n` };
}
