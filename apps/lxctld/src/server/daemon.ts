import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Provider, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { configValue, serverKeys } from '#lib/contract';
import { type Engine, messageOf } from '#lib/engine';
import type { Storage } from '#lib/storage';
import type { Store } from '#lib/store';
import { addUpgrades, AppModule, type UpgradedInstances } from '../app.module.ts';
import { Gate } from '../rim/gate.ts';
import { unixServer } from '../rim/http-server.ts';
import { claimPidFile } from '../rim/pid-file.ts';
import type { Peer } from '../rim/caller.ts';
import { buildRim } from '../rim/rim.ts';
import { listenUnix, removeIfThere } from '../rim/unix-socket.ts';
import { Upgrades } from '../rim/upgrades.ts';
import type { DaemonSettings } from '../settings.ts';
import { SERVER, SHUTDOWN } from '../tokens.ts';
import { CertificateFile } from './certificate.ts';
import { type Log, nestLog } from './log.ts';
import { ServerService } from './server.service.ts';
import { Shutdown, type ShutdownMode, type StopOrder } from './shutdown.ts';

/** All that is not HTTP: what house.ts builds. */
export interface House {
  readonly store: Store;
  readonly engine: Engine;
  readonly storage: Storage;
  /** For the endpoints that are no controllers. */
  readonly instances: UpgradedInstances;
  /** What the controllers inject, under the names of tokens.ts. */
  readonly providers: Provider[];
  /** Recovers what an earlier daemon left. Requests are served when it resolves. */
  start(): Promise<void>;
  /** Ends operations, then what belongs to the daemon; the containers as the mode says. Resolves with what could not be done. */
  stop(order: StopOrder): Promise<readonly string[]>;
}

/** What the house hears of the daemon, and it of the house. */
export interface HouseControl {
  /** Aborted when the daemon is to stop while the house is still being built. */
  stopping: AbortSignal;
  /** The house cannot go on: the daemon ends, and the containers go on. */
  lost: (reason: string) => void;
}

export interface DaemonParts {
  settings: DaemonSettings;
  log: Log;
  buildHouse(settings: DaemonSettings, log: Log, control: HouseControl): Promise<House>;
  peerCredentials(fd: number): Peer;
  /** Whose members may use the socket beside root; null: nobody. */
  adminGroup(): number | null;
  /** Specs serve a few; the daemon serves all. */
  controllers?: Type[];
}

/** Time for answers under way to go out when the daemon stops. */
const drainMs = 2000;
/** Time for all else to end once operations have ended: each part has a deadline of its own, this one is for what nobody thought of. */
const stopWithinMs = 90_000;
/** Time for operations to end when the containers go on. */
const handoverMs = 10_000;

/**
 * The daemon's life. The socket listens first and answers 503, so that clients see a daemon that starts and not a missing
 * one; the same at the end.
 */
export class Daemon {
  readonly #parts: DaemonParts;
  readonly #gate = new Gate();
  readonly #upgrades = new Upgrades(this.#gate);
  readonly #server: Server;
  readonly #socketPath: string;
  readonly ended: Promise<void>;
  readonly #stopping = new AbortController();
  #starting: Promise<unknown> = Promise.resolve();
  #end!: () => void;
  #app: NestFastifyApplication | null = null;
  #house: House | null = null;
  #release: () => void = () => {};
  readonly shutdown = new Shutdown((mode) => this.#stop(mode));

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#server = unixServer(this.#gate, this.#upgrades, parts.peerCredentials);
    this.#socketPath = join(parts.settings.stateDir, 'unix.socket');
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /** Resolves when requests are served; rejects, also when it was told to stop before that. */
  start(): Promise<void> {
    const starting = this.#start();
    this.#starting = starting.catch(() => {});
    return starting;
  }

  async #start(): Promise<void> {
    const { settings, log } = this.#parts;
    const begun = performance.now();
    mkdirSync(settings.stateDir, { recursive: true, mode: 0o711 });
    this.#release = claimPidFile(join(settings.stateDir, 'lxctld.pid'));
    await listenUnix(this.#server, this.#socketPath, this.#parts.adminGroup());
    log.info({ socket: this.#socketPath, version: settings.version }, 'listening');
    this.#house = await this.#parts.buildHouse(settings, log, { stopping: this.#stopping.signal, lost: (reason) => this.#lost(reason) });
    this.#stopping.signal.throwIfAborted();
    const fastify = await this.#assemble(this.#house);
    await this.#house.start();
    this.#stopping.signal.throwIfAborted();
    this.#gate.open(fastify.routing.bind(fastify));
    log.info({ ms: Math.round(performance.now() - begun) }, 'ready');
  }

  async #assemble(house: House): Promise<FastifyInstance> {
    const { settings, log } = this.#parts;
    const certificate = new CertificateFile(settings.stateDir);
    const server = new ServerService(house.store, house.storage, certificate, house.engine.events, settings.version);
    const providers = [...house.providers, { provide: SERVER, useValue: server }, { provide: SHUTDOWN, useValue: this.shutdown }];
    const rim = await buildRim(AppModule.over(providers, this.#parts.controllers), nestLog(log));
    this.#app = rim.app;
    addUpgrades(this.#upgrades, house.engine, house.instances);
    return this.#app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  }

  /** New requests are refused, those under way are answered, the socket goes last. Resolves before the last answers go out. */
  async #stop(mode: ShutdownMode): Promise<readonly string[]> {
    const { log } = this.#parts;
    log.info({ instances: mode.instances }, 'stopping');
    this.#gate.close();
    this.#stopping.abort(new Error('The daemon was told to stop while it started.'));
    const problems = await this.#stopHouse(mode).catch((error: unknown) => {
      log.error({ err: error }, 'not everything could be stopped');
      return [messageOf(error)];
    });
    void this.#closeSockets();
    return problems;
  }

  async #stopHouse(mode: ShutdownMode): Promise<readonly string[]> {
    // A house that is being built ends by the signal.
    if (!this.#house) await inTime(this.#starting, stopWithinMs);
    const patienceMs = await this.#patience(mode);
    return this.#house ? inTime(this.#house.stop({ ...mode, patienceMs }), patienceMs + stopWithinMs) : [];
  }

  async #closeSockets(): Promise<void> {
    await this.#gate.drained(drainMs);
    this.#upgrades.heartbeat.closeAll();
    this.#server.close();
    this.#server.closeAllConnections();
    this.#upgrades.heartbeat.terminateAll();
    await this.#app?.close();
    removeIfThere(this.#socketPath);
    this.#release();
    this.#parts.log.info('stopped');
    this.#end();
  }

  #lost(reason: string): void {
    this.#parts.log.error({ reason }, 'the database is lost to another server');
    void this.shutdown.request({ instances: 'leave' });
  }

  /** A daemon that is replaced by the next one must be quick; the next one takes up what is unfinished. */
  async #patience({ instances }: ShutdownMode): Promise<number> {
    if (instances !== 'stop') return instances === 'leave' ? handoverMs : 0;
    const config = (await this.#house?.store.config.all().catch(() => ({}))) ?? {};
    return Number(configValue(serverKeys, config, 'core.shutdown_timeout')) * 60_000;
  }

  /** After a start that failed: gives back what was taken. */
  async abandon(): Promise<void> {
    await this.#house?.stop({ instances: 'leave', patienceMs: 0 }).catch(() => []);
    this.#server.close();
    this.#server.closeAllConnections();
    this.#release();
  }
}

/** Rejects when it takes longer. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took longer than ${Math.round(ms / 1000)} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
