/** The countries of the world, from Natural Earth: fetched only where no region of a map is installed. */
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import countries from "world-atlas/countries-50m.json";

// The file is a topology; only its literal types are lost on the way through JSON.
const world = countries as unknown as Topology<{ countries: GeometryCollection }>;

export const land = feature(world, world.objects.countries);
