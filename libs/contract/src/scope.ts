import { defaultProject } from './urls.ts';

/** What a project may have of its own (`features.<name>` in its config). */
export const projectFeatures = ['images', 'networks', 'networks.zones', 'profiles', 'storage.buckets', 'storage.volumes'] as const;
export type ProjectFeature = (typeof projectFeatures)[number];

/** A project, and whose objects a request in it means: of a feature that it does not have, those of the default project. */
export class Scope {
  readonly project: string;
  readonly #own: ReadonlySet<ProjectFeature>;

  constructor(project: string, own: Iterable<ProjectFeature>) {
    this.project = project;
    this.#own = new Set(own);
  }

  /** The project whose images, networks, ... are used. Instances always belong to `project`. */
  of(feature: ProjectFeature): string {
    return this.#own.has(feature) ? this.project : defaultProject;
  }
}

/** Finds projects by name. */
export interface Projects {
  /** null: there is no such project. */
  scope(name: string): Scope | null | Promise<Scope | null>;
}

const wholeServer = new Scope(defaultProject, projectFeatures);

/** The projects of this version: `default` alone, which has everything. */
export const onlyDefault: Projects = { scope: (name) => (name === defaultProject ? wholeServer : null) };
