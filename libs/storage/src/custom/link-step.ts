import type { JsonObject } from '#lib/base';
import type { Step } from '#lib/engine';
import type { CustomPlaces, VolumePlace } from './custom-places.ts';

export type NamedPlace = VolumePlace & { project: string; name: string };

interface Using {
  places: CustomPlaces;
  report: (message: string, cause: unknown) => void;
}

/** The link is for people: one that cannot be made is put in order by the next start. */
export function linkStep<P extends JsonObject & NamedPlace>(
  { places, report }: Using,
  as: (params: P) => NamedPlace = (params) => params,
): Step<P, Record<string, never>> {
  return {
    name: 'link',
    async do({ params }) {
      const volume = as(params);
      try {
        if (volume.name !== params.name) await places.unlink(params.poolId, params);
        await places.link(volume.poolId, volume);
      } catch (error) {
        report(`the link of the volume ${volume.name}`, error);
      }
    },
  };
}
