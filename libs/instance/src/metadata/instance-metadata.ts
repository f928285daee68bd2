import { isUtf8 } from 'node:buffer';
import { LxError, refuse, type WireImageMetadata } from '#lib/contract';
import type { InstanceRow, Store } from '#lib/store';
import { checkTemplate, TemplateError } from '#lib/template';
import type { Turns } from '../act/turns.ts';
import { metadataProblems } from './document.ts';
import type { MetadataFiles } from './metadata-files.ts';

/** What instances keep of their images, to be read and changed. A change waits for the operation that runs on the instance. */
export class InstanceMetadata {
  readonly files: MetadataFiles;
  readonly #turns: Turns;
  readonly #store: Store;

  constructor(turns: Turns, files: MetadataFiles, store: Store) {
    this.#turns = turns;
    this.files = files;
    this.#store = store;
  }

  /** `change` sees the metadata while nobody else can change it. LxError 'request.invalid' naming all problems. */
  update(row: InstanceRow, change: (before: WireImageMetadata) => WireImageMetadata): Promise<void> {
    return this.#alone(row, async () => {
      const after = change(await this.files.read(row));
      refuse(metadataProblems(after));
      await this.files.write(row, after);
    });
  }

  /** LxError 'template.bad_name', 'template.invalid'. */
  async writeTemplate(row: InstanceRow, name: string, content: Buffer): Promise<void> {
    if (!isUtf8(content)) throw new LxError('template.invalid', { problem: `Template ${JSON.stringify(name)} is not text (UTF-8)` });
    try {
      checkTemplate(name, content.toString());
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new LxError('template.invalid', { problem: error.message }, { cause: error });
    }
    await this.#alone(row, () => this.files.writeTemplate(row, name, content));
  }

  deleteTemplate(row: InstanceRow, name: string): Promise<void> {
    return this.#alone(row, () => this.files.deleteTemplate(row, name));
  }

  /** What is deleted meanwhile gets no files again. */
  #alone(row: InstanceRow, work: () => Promise<void>): Promise<void> {
    return this.#turns.note(row.id, async () => {
      if (!(await this.#store.instances.byId(row.id))) throw new LxError('instance.not_found');
      await work();
    });
  }
}
