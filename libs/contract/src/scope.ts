import { defaultProject } from './urls.ts';

/** Kinds of objects that a project has itself when `features.<name>` is set in its config. */
export const projectFeatures = ['images', 'networks', 'networks.zones', 'profiles', 'storage.buckets', 'storage.volumes'] as const;
export type ProjectFeature = (typeof projectFeatures)[number];

/** A project with its features. Without a feature, the project uses the objects of the default project. */
export class Scope {
  readonly project: string;
  readonly #own: ReadonlySet<ProjectFeature>;

  constructor(project: string, own: Iterable<ProjectFeature>) {
    this.project = project;
    this.#own = new Set(own);
  }

  /** Name of the project that owns the objects of a feature. Instances always belong to `project`. */
  of(feature: ProjectFeature): string {
    return this.#own.has(feature) ? this.project : defaultProject;
  }
}

/** Finds projects by name. */
export interface Projects {
  /** null when the project does not exist. */
  scope(name: string): Scope | null | Promise<Scope | null>;
}

const wholeServer = new Scope(defaultProject, projectFeatures);

/** The projects of this version: only `default`, with all features. */
export const onlyDefault: Projects = { scope: (name) => (name === defaultProject ? wholeServer : null) };
