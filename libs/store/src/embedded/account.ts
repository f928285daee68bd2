import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';

/** The user the server runs as. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** Postgres refuses to run as root: then `postgres` where there is such a user, else `nobody`. Otherwise ourselves. */
export async function serverAccount(passwd = '/etc/passwd'): Promise<Account> {
  const self = userInfo();
  if (self.uid !== 0) return { name: self.username, uid: self.uid, gid: self.gid };
  const users = (await readFile(passwd, 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const user = users.find(([name]) => name === wanted);
    if (user) return { name: wanted, uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error(`${passwd} has neither a user "postgres" nor "nobody": the embedded PostgreSQL server cannot run as root`);
}
