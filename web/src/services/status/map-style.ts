/** How the map looks: our own style over OpenMapTiles-like layers, calm enough that the car is what one sees first. */
import type { LayerSpecification, StyleSpecification } from "maplibre-gl";

interface Palette {
  ground: string;
  water: string;
  wood: string;
  grass: string;
  built: string;
  building: string;
  road: string;
  major: string;
  casing: string;
  rail: string;
  border: string;
  text: string;
  halo: string;
  waterText: string;
}

const LIGHT: Palette = {
  ground: "#f3f3ef",
  water: "#bcd9e8",
  wood: "#dbe8d0",
  grass: "#e6eedd",
  built: "#ecebe7",
  building: "#dedcd6",
  road: "#ffffff",
  major: "#ffe6ad",
  casing: "#d6d3cb",
  rail: "#bdb9b2",
  border: "#a99fb5",
  text: "#3c4450",
  halo: "#ffffff",
  waterText: "#3f6f8a",
};

const DARK: Palette = {
  ground: "#171c25",
  water: "#12304a",
  wood: "#1a2a25",
  grass: "#1c2827",
  built: "#1d232d",
  building: "#262d39",
  road: "#38414f",
  major: "#5d5440",
  casing: "#11151c",
  rail: "#3b4250",
  border: "#5c5570",
  text: "#c3ccd8",
  halo: "#11151d",
  waterText: "#7fb0cc",
};

// No glyphs are fetched: the letters are drawn from the device's own fonts, of these families where it has them.
const FONT = ["Noto Sans"];
const BOLD = ["Noto Sans Bold"];
const MAJOR = ["motorway", "trunk", "primary"];
const MIDDLE = ["secondary", "tertiary"];
const SMALL = ["minor", "service"];

function name(language: string): NonNullable<Extract<LayerSpecification, { type: "symbol" }>["layout"]>["text-field"] {
  return ["coalesce", ["get", `name:${language}`], ["get", "name"]];
}

function wide(at10: number, at14: number, at18: number) {
  return ["interpolate", ["exponential", 1.5], ["zoom"], 8, at10 / 2, 10, at10, 14, at14, 18, at18] as ["interpolate", ["exponential", number], ["zoom"], ...number[]];
}

/** The style of a region whose tiles stand at `url`. */
export function regionStyle(url: string, attribution: string, dark: boolean, language: string): StyleSpecification {
  const p = dark ? DARK : LIGHT;
  const fill = (id: string, source: string, colour: string, classes?: string[]): LayerSpecification => ({
    id,
    type: "fill",
    source: "region",
    "source-layer": source,
    ...(classes === undefined ? {} : { filter: ["in", ["get", "class"], ["literal", classes]] }),
    paint: { "fill-color": colour, "fill-antialias": true },
  });
  const road = (id: string, classes: string[], colour: string, width: ReturnType<typeof wide>, minzoom: number): LayerSpecification => ({
    id,
    type: "line",
    source: "region",
    "source-layer": "transportation",
    minzoom,
    filter: ["in", ["get", "class"], ["literal", classes]],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": colour, "line-width": width, "line-opacity": ["case", ["==", ["get", "brunnel"], "tunnel"], 0.45, 1] },
  });
  return {
    version: 8,
    sources: { region: { type: "vector", url: `pmtiles://${url}`, attribution } },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": p.ground } },
      fill("grass", "landcover", p.grass, ["grass", "farmland", "wetland"]),
      fill("wood", "landcover", p.wood, ["wood"]),
      fill("park", "park", p.grass),
      fill("built", "landuse", p.built, ["residential", "commercial", "industrial", "railway"]),
      fill("water", "water", p.water),
      { id: "waterway", type: "line", source: "region", "source-layer": "waterway", paint: { "line-color": p.water, "line-width": wide(0.6, 1.6, 5) } },
      { ...fill("building", "building", p.building), minzoom: 14 } as LayerSpecification,
      {
        id: "boundary",
        type: "line",
        source: "region",
        "source-layer": "boundary",
        filter: ["<=", ["get", "admin_level"], 4],
        paint: { "line-color": p.border, "line-width": 1.2, "line-dasharray": [4, 2] },
      },
      {
        id: "path",
        type: "line",
        source: "region",
        "source-layer": "transportation",
        minzoom: 14,
        filter: ["in", ["get", "class"], ["literal", ["path", "track"]]],
        paint: { "line-color": p.casing, "line-width": 1, "line-dasharray": [2, 2] },
      },
      { ...road("rail", ["rail", "transit"], p.rail, wide(0.5, 1.2, 2.5), 10) } as LayerSpecification,
      road("small-casing", SMALL, p.casing, wide(0, 3.4, 17), 12),
      road("middle-casing", MIDDLE, p.casing, wide(1.6, 6.4, 23), 9),
      road("major-casing", MAJOR, p.casing, wide(3.2, 9, 29), 6),
      road("small", SMALL, p.road, wide(0, 2.2, 14), 12),
      road("middle", MIDDLE, p.road, wide(1, 4.8, 20), 9),
      road("major", MAJOR, p.major, wide(2.2, 7, 26), 6),
      {
        id: "road-name",
        type: "symbol",
        source: "region",
        "source-layer": "transportation_name",
        minzoom: 13,
        layout: { "symbol-placement": "line", "text-field": name(language), "text-font": FONT, "text-size": 12 },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.6 },
      },
      {
        id: "water-name",
        type: "symbol",
        source: "region",
        "source-layer": "water_name",
        minzoom: 12,
        layout: { "text-field": name(language), "text-font": FONT, "text-size": 12 },
        paint: { "text-color": p.waterText, "text-halo-color": p.halo, "text-halo-width": 1.2 },
      },
      {
        id: "peak",
        type: "symbol",
        source: "region",
        "source-layer": "mountain_peak",
        minzoom: 12,
        layout: { "text-field": ["concat", "▲ ", ["get", "name"]], "text-font": FONT, "text-size": 11 },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.2, "text-opacity": 0.75 },
      },
      {
        id: "place",
        type: "symbol",
        source: "region",
        "source-layer": "place",
        layout: {
          "text-field": name(language),
          "text-font": BOLD,
          "text-size": ["match", ["get", "class"], ["city", "town"], 15, "village", 13, 11.5],
          "symbol-sort-key": ["coalesce", ["get", "rank"], 20],
        },
        paint: { "text-color": p.text, "text-halo-color": p.halo, "text-halo-width": 1.8 },
      },
    ],
  };
}

/** The plain world, for where no region is installed: land, water, borders. */
export function worldStyle(land: GeoJSON.FeatureCollection, dark: boolean): StyleSpecification {
  const p = dark ? DARK : LIGHT;
  return {
    version: 8,
    sources: { world: { type: "geojson", data: land, attribution: "Natural Earth" } },
    layers: [
      { id: "sea", type: "background", paint: { "background-color": p.water } },
      { id: "land", type: "fill", source: "world", paint: { "fill-color": p.ground } },
      { id: "borders", type: "line", source: "world", paint: { "line-color": p.border, "line-width": 0.8 } },
    ],
  };
}
