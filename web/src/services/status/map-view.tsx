import "maplibre-gl/dist/maplibre-gl.css";
import { addProtocol, Map as MapLibre, Marker, NavigationControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { Protocol } from "pmtiles";
import { useEffect, useRef, useState } from "react";
import { Unreachable, type Schemas } from "../../kit/api";
import { regionStyle, worldStyle } from "./map-style";
import styles from "./map.module.css";

setWorkerUrl(worker);
addProtocol("pmtiles", new Protocol().tile);

const STREET_ZOOM = 15;
const WORLD_ZOOM = 4;
const WORLD_MAX_ZOOM = 7;

/** A region of the map, as the platform tells it: west, south, east, north in degrees. */
type Region = Omit<Schemas["RegionBody"], "bbox"> & { bbox: readonly number[] };

export interface MapProps {
  region: Region | null;
  longitude: number;
  latitude: number;
  /** Degrees from north; null while it is not known. */
  heading: number | null;
  dark: boolean;
  language: string;
  /** Names of the map, its marker and its buttons, in the person's language. */
  words: { map: string; marker: string; centre: string; zoomIn: string; zoomOut: string; sources: string; twoFingers: string; wheel: string };
  /** It can't be drawn: no WebGL, or a part of its code or of its style did not come. */
  onFailed: () => void;
}

/** Whether the installed region has the streets of this place. */
export function covers(region: Region | null, longitude: number, latitude: number): region is Region {
  if (region === null) {
    return false;
  }
  const [west = 0, south = 0, east = 0, north = 0] = region.bbox;
  return longitude >= west && longitude <= east && latitude >= south && latitude <= north;
}

async function styleOf({ region, longitude, latitude, dark, language }: MapProps): Promise<StyleSpecification> {
  if (covers(region, longitude, latitude)) {
    return regionStyle(location.origin + region.url, region.attribution, dark, language);
  }
  const { land } = await import("./world-land");
  return worldStyle(land, dark);
}

/** Have the worker's code at hand. The library takes a worker that does not load for a fault, says so on the console and has no second try. */
async function fetchWorker(): Promise<void> {
  const answer = await fetch(worker);
  await answer.arrayBuffer();
  if (!answer.ok) {
    throw new Unreachable();
  }
}

/** The map itself, with all that it weighs: fetched when somebody comes to see it. It follows the car until it is moved by hand. */
export default function MapView(props: MapProps) {
  const { longitude, latitude, heading, dark, language, words, onFailed } = props;
  const holder = useRef<HTMLDivElement>(null);
  const map = useRef<MapLibre | null>(null);
  const marker = useRef<Marker | null>(null);
  const now = useRef(props);
  const [away, setAway] = useState(false);
  useEffect(() => {
    now.current = props;
  });

  const known = covers(props.region, longitude, latitude);
  const url = props.region?.url ?? "";
  useEffect(() => {
    let wanted = true;
    const begin = now.current;
    void Promise.all([styleOf(begin), fetchWorker()])
      .then(([style]) => {
        if (wanted && holder.current !== null) {
          map.current = drawn(holder.current, style, begin, known, () => setAway(true), onFailed);
          marker.current = markerOf(begin).addTo(map.current);
        }
      })
      .catch(onFailed);
    return () => {
      wanted = false;
      map.current?.remove();
      map.current = null;
      marker.current = null;
    };
    // A map of another place, in other colours or another language is another map; words change with the language.
  }, [known, url, dark, language, onFailed]);

  useEffect(() => {
    marker.current?.setLngLat([longitude, latitude]);
    if (heading !== null) {
      marker.current?.setRotation(heading);
    }
    if (!away) {
      map.current?.easeTo({ center: [longitude, latitude], duration: 600 });
    }
  }, [longitude, latitude, heading, away]);

  return (
    <div className={styles.mapFrame}>
      <div ref={holder} className={styles.mapCanvas} />
      {away && (
        <button type="button" className={styles.mapCentre} onClick={() => setAway(false)}>
          {words.centre}
        </button>
      )}
    </div>
  );
}

function drawn(container: HTMLElement, style: StyleSpecification, { longitude, latitude, words }: MapProps, known: boolean, onMoved: () => void, onFailed: () => void): MapLibre {
  const made = new MapLibre({
    container,
    style,
    center: [longitude, latitude],
    zoom: known ? STREET_ZOOM : WORLD_ZOOM,
    maxZoom: known ? 19 : WORLD_MAX_ZOOM,
    cooperativeGestures: true,
    attributionControl: { compact: true },
    dragRotate: false,
    pitchWithRotate: false,
    locale: {
      "Map.Title": words.map,
      "Marker.Title": words.marker,
      "NavigationControl.ZoomIn": words.zoomIn,
      "NavigationControl.ZoomOut": words.zoomOut,
      "AttributionControl.ToggleAttribution": words.sources,
      "CooperativeGesturesHandler.MobileHelpText": words.twoFingers,
      "CooperativeGesturesHandler.WindowsHelpText": words.wheel,
      "CooperativeGesturesHandler.MacHelpText": words.wheel,
    },
  });
  // The library makes a landmark of the map and one of its canvas, by the same name: one is enough (WCAG, landmark-unique).
  container.removeAttribute("role");
  container.removeAttribute("aria-label");
  made.touchZoomRotate.disableRotation();
  made.addControl(new NavigationControl({ showCompass: false }), "top-right");
  made.on("dragstart", onMoved);
  made.on("error", (event) => {
    // A tile that does not come leaves a gap, which closes when the map is moved. Nothing else is asked for a second time.
    if (!("tile" in event) && container.dataset["drawn"] === undefined) {
      onFailed();
    }
  });
  // Says that everything asked for is painted: for tests, and for whoever takes a picture.
  void made.once("idle", () => {
    container.dataset["drawn"] = "";
  });
  return made;
}

function markerOf({ longitude, latitude, heading, words }: MapProps): Marker {
  const element = document.createElement("div");
  element.className = styles.marker ?? "";
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", words.marker);
  if (heading !== null) {
    element.dataset["heading"] = "";
  }
  return new Marker({ element, rotationAlignment: "map", rotation: heading ?? 0 }).setLngLat([longitude, latitude]);
}
