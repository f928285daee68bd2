// A client that costs as little as possible: keep-alive HTTP over the unix socket of any daemon with LXD's API.
import http from 'node:http';

export class Daemon {
  #startsItself = null;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

  constructor(name, socketPath, image, pool) {
    Object.assign(this, { name, socketPath, image, pool });
  }

  request(method, path, body) {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { socketPath: this.socketPath, agent: this.#agent, method, path, headers: body ? { 'content-type': 'application/json' } : {} },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () => {
            const answer = JSON.parse(text);
            if (answer.type === 'error') reject(new Error(`${this.name}: ${method} ${path}: ${answer.error}`));
            else resolve(answer);
          });
        },
      );
      request.on('error', reject);
      request.end(body && JSON.stringify(body));
    });
  }

  /** The operation's final view. */
  async run(method, path, body) {
    const answer = await this.request(method, path, body);
    if (answer.type !== 'async') return answer;
    const { metadata } = await this.request('GET', `${answer.operation}/wait?timeout=120`);
    if (metadata.status_code !== 200) throw new Error(`${this.name}: ${method} ${path}: ${metadata.err}`);
    return metadata;
  }

  /** Create and start in one request; where a daemon does not start by itself (LXD 5.0), in two. The first launch finds out. */
  async launch(name) {
    await this.create(name, { start: true });
    this.#startsItself ??= (await this.request('GET', `/1.0/instances/${name}`)).metadata.status === 'Running';
    if (!this.#startsItself) await this.state(name, 'start');
  }

  create(name, more = {}) {
    return this.run('POST', '/1.0/instances', {
      ...more,
      name,
      source: { type: 'image', alias: this.image },
      devices: { root: { type: 'disk', path: '/', pool: this.pool } },
      config: {},
    });
  }

  state(name, action) {
    return this.run('PUT', `/1.0/instances/${name}/state`, { action, timeout: 10, force: true });
  }

  exec(name) {
    return this.run('POST', `/1.0/instances/${name}/exec`, {
      command: ['true'],
      'wait-for-websocket': false,
      interactive: false,
      'record-output': false,
      environment: {},
    });
  }

  snapshot(name, snapshot) {
    return this.run('POST', `/1.0/instances/${name}/snapshots`, { name: snapshot, stateful: false });
  }

  restore(name, snapshot) {
    return this.run('PUT', `/1.0/instances/${name}`, { restore: snapshot });
  }

  /** With its snapshots. */
  copy(from, to) {
    return this.run('POST', '/1.0/instances', { name: to, source: { type: 'copy', source: from }, config: {}, devices: {} });
  }

  /** An instance, or `<instance>/snapshots/<snapshot>`. */
  remove(name) {
    return this.run('DELETE', `/1.0/instances/${name}`);
  }

  close() {
    this.#agent.destroy();
  }
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
