import { Button, Skeleton, useComputedColorScheme } from "@mantine/core";
import { IconWalk } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useCallback, useEffect, useRef, useState } from "react";
import { HEADING, LATITUDE, LONGITUDE } from "../../domains/car/state";
import { client, told } from "../../kit/api";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { Boundary, late } from "../../kit/late";
import card from "../../kit/card.module.css";
import { PlaceLink } from "../../kit/PlaceLink";
import type { CarPartProps } from "../../kit/service";
import { ageOf, numberOf } from "../../kit/signals";
import styles from "./map.module.css";

const mapView = () => late(() => import("./map-view"));

/** Where the car is, how old that is, and the way to it. The map is fetched when the card comes into view; it needs a network the first time. */
export default function CarMap({ car, services, nowMs }: CarPartProps) {
  const { t, language } = useTexts("status");
  const scheme = useComputedColorScheme();
  const [place, isSeen] = useSeen();
  const { MapView, failed, onFailed, again } = useMapView();
  const maps = useQuery({ queryKey: ["maps"], queryFn: () => told(client.GET("/api/v1/maps")), enabled: isSeen, staleTime: 300_000 });
  const { refetch } = maps;
  const retry = useCallback(() => {
    again();
    void refetch();
  }, [again, refetch]);
  const signals = car.status;
  const service = services.find((one) => one.declaration === "car_finder");
  const latitude = signals === undefined ? null : numberOf(signals, LATITUDE);
  const longitude = signals === undefined ? null : numberOf(signals, LONGITUDE);
  const heading = signals === undefined ? null : numberOf(signals, HEADING);
  const seen = signals?.[LATITUDE];
  const isKnown = latitude !== null && longitude !== null && seen !== undefined;
  return (
    <section className={card.card} aria-labelledby="map" ref={place}>
      <h2 id="map" className={card.title}>
        {t("map.title")}
      </h2>
      {service !== undefined && !service.open && !isKnown ? (
        <p className={card.dim}>
          {t("map.closed")} {service.message} <strong>{service.cure}</strong>
        </p>
      ) : signals !== undefined && !isKnown ? (
        <p className={card.dim}>{t("map.none")}</p>
      ) : (
        <>
          <div className={styles.map}>
            {failed || (maps.isError && maps.data === undefined) ? (
              <Undrawn onRetry={retry} />
            ) : isKnown && maps.data !== undefined ? (
              <Boundary of={MapView} instead={() => <Undrawn onRetry={retry} />}>
                <Suspense fallback={<Skeleton height="100%" radius="lg" />}>
                  <MapView
                    region={maps.data.region}
                    latitude={latitude}
                    longitude={longitude}
                    heading={heading}
                    dark={scheme === "dark"}
                    language={language}
                    onFailed={onFailed}
                    words={{
                      map: t("map.name"),
                      marker: heading === null ? t("map.markerStill") : t("map.marker", { heading: format.number(heading, language) }),
                      centre: t("map.centre"),
                      zoomIn: t("map.zoomIn"),
                      zoomOut: t("map.zoomOut"),
                      sources: t("map.sources"),
                      twoFingers: t("map.twoFingers"),
                      wheel: t("map.wheel"),
                    }}
                  />
                </Suspense>
              </Boundary>
            ) : (
              <Skeleton height="100%" radius="lg" />
            )}
          </div>
          <div className={styles.mapFoot}>
            <span className={card.dim}>{seen !== undefined && t("map.age", { age: format.age(ageOf(seen, nowMs), language) })}</span>
            {isKnown && (
              <PlaceLink latitude={latitude} longitude={longitude} className={styles.walk}>
                <IconWalk size={20} aria-hidden /> {t("map.walk")}
              </PlaceLink>
            )}
          </div>
          {maps.data?.region === null && <p className={card.dim}>{t("map.world")}</p>}
        </>
      )}
    </section>
  );
}

/** The map's code, and whether it could not draw; trying again fetches what did not come. */
function useMapView() {
  const [MapView, setMapView] = useState(mapView);
  const [failed, setFailed] = useState(false);
  const onFailed = useCallback(() => setFailed(true), []);
  const again = useCallback(() => {
    setMapView(mapView());
    setFailed(false);
  }, []);
  return { MapView, failed, onFailed, again };
}

/** Instead of the map. It is tried again by itself when the network is back. */
function Undrawn({ onRetry }: { onRetry: () => void }) {
  const { t } = useTexts("status");
  const { t: kit } = useTexts("kit");
  useEffect(() => {
    addEventListener("online", onRetry);
    return () => removeEventListener("online", onRetry);
  }, [onRetry]);
  return (
    <div role="status" className={styles.undrawn}>
      <p className={card.dim}>{t("map.failed")}</p>
      <Button size="compact-md" variant="default" onClick={onRetry}>
        {kit("action.retry")}
      </Button>
    </div>
  );
}

/** Whether an element has come near the window. Once it has, it stays so. */
function useSeen() {
  const element = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (element.current === null || seen) {
      return;
    }
    const watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), { rootMargin: "200px" });
    watch.observe(element.current);
    return () => watch.disconnect();
  }, [seen]);
  return [element, seen] as const;
}
