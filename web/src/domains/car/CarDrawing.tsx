import type { TFunction } from "i18next";
import { useId } from "react";
import { useTexts } from "../../kit/i18n";
import styles from "./drawing.module.css";
import { PLACES, type CarState } from "./state";

/** What the drawing shows, in words: the model, the lock, what is open, and what the car is doing. */
export function pictureName(model: string, state: CarState, t: TFunction<string>): string {
  const open = [
    ...PLACES.filter((place) => state.open[place]).map((place) => t(`place.${place}`)),
    ...(state.hood ? [t("place.hood")] : []),
    ...(state.boot ? [t("place.boot")] : []),
  ];
  const windows = PLACES.filter((place) => state.windows[place]).map((place) => t(`window.${place}`));
  const lock = t(`lock.${lockWord(state)}`).toLowerCase();
  const openings = open.length === 0 ? t("picture.closed") : t("picture.open", { list: open.join(", ") });
  return [
    t("picture.name", { model, lock, openings }),
    ...(windows.length === 0 ? [] : [t("picture.windows", { list: windows.join(", ") })]),
    ...(state.moving ? [t("picture.moving")] : []),
    ...(state.charging ? [t("picture.charging")] : []),
  ].join(", ");
}

export function lockWord(state: CarState): "locked" | "unlocked" | "unknown" {
  return state.locked === null ? "unknown" : state.locked ? "locked" : "unlocked";
}

/** The car from above, nose up: what is open stands open, the badge on the roof tells the lock. Moves when the car tells a change. */
export function CarDrawing({ model, state, lights }: { model: string; state: CarState; lights: boolean }) {
  const { t } = useTexts("car");
  const ids = { paint: useId(), glass: useId(), beam: useId() };
  const paint = `url(#${ids.paint})`;
  const glass = `url(#${ids.glass})`;
  return (
    <svg viewBox="-10 40 260 322" className={styles.car} role="img" aria-label={pictureName(model, state, t)} data-lock={lockWord(state)}>
      <defs>
        <linearGradient id={ids.paint} x1="0" x2="1" y1="0" y2="0">
          <stop offset="0" className={styles.paintEdge} />
          <stop offset="0.22" className={styles.paintLight} />
          <stop offset="0.5" className={styles.paintMid} />
          <stop offset="0.78" className={styles.paintLight} />
          <stop offset="1" className={styles.paintEdge} />
        </linearGradient>
        <linearGradient id={ids.glass} x1="0" x2="0" y1="0" y2="1">
          <stop offset="0" className={styles.glassTop} />
          <stop offset="1" className={styles.glassBottom} />
        </linearGradient>
        <linearGradient id={ids.beam} x1="0" x2="0" y1="1" y2="0">
          <stop offset="0" className={styles.beamNear} />
          <stop offset="1" className={styles.beamFar} />
        </linearGradient>
      </defs>

      {lights && (
        <g fill={`url(#${ids.beam})`}>
          <path d="M76 66 L52 40 L104 40 L94 60 Z" />
          <path d="M164 66 L188 40 L136 40 L146 60 Z" />
        </g>
      )}
      {state.moving && (
        <g className={styles.wind}>
          <path d="M88 350 v10" />
          <path d="M120 352 v10" />
          <path d="M152 350 v10" />
        </g>
      )}

      <path className={styles.shadow} d="M120 60 C158 60 180 70 184 96 L188 272 C188 318 176 354 120 354 C64 354 52 318 52 272 L56 96 C60 70 82 60 120 60 Z" />
      {[98, 262].map((top) => (
        <g key={top} className={styles.wheel}>
          <rect x="54" y={top} width="12" height="40" rx="5" />
          <rect x="174" y={top} width="12" height="40" rx="5" />
        </g>
      ))}
      <path
        className={styles.body}
        fill={paint}
        d="M120 55 C150 55 168 62 174 84 C178 100 180 120 180 140 L181 270 C181 300 178 322 172 333 C164 344 145 346 120 346 C95 346 76 344 68 333 C62 322 59 300 59 270 L60 140 C60 120 62 100 66 84 C72 62 90 55 120 55 Z"
      />
      <path className={styles.cabin} d="M76 138 C95 126 145 126 164 138 L169 142 L170 284 L160 290 C140 296 100 296 80 290 L70 284 L71 142 Z" />
      <g className={styles.seat}>
        {[178, 232].map((top) => (
          <g key={top}>
            <rect x="86" y={top} width="28" height="32" rx="8" />
            <rect x="126" y={top} width="28" height="32" rx="8" />
          </g>
        ))}
      </g>

      <g className={styles.bay}>
        <path d="M80 122 C82 98 88 78 120 74 C152 78 158 98 160 122 C140 115 100 115 80 122 Z" data-shown={state.hood || undefined} />
        <path d="M80 300 C100 307 140 307 160 300 C159 316 156 326 149 331 C130 335 110 335 91 331 C84 326 81 316 80 300 Z" data-shown={state.boot || undefined} />
      </g>
      <path className={styles.hood} data-open={state.hood || undefined} fill={paint} d="M78 124 C80 96 86 74 120 70 C154 74 160 96 162 124 C140 116 100 116 78 124 Z" />
      <path className={styles.boot} data-open={state.boot || undefined} fill={paint} d="M78 298 C100 306 140 306 162 298 C161 316 158 328 150 333 C130 337 110 337 90 333 C82 328 79 316 78 298 Z" />

      <path fill={glass} d="M77 132 C95 121 145 121 163 132 L154 165 C135 159 105 159 86 165 Z" />
      <path className={styles.roof} fill={paint} d="M86 165 C105 159 135 159 154 165 L155 265 C135 271 105 271 85 265 Z" />
      <path fill={glass} d="M85 265 C105 271 135 271 155 265 L161 291 C140 299 100 299 79 291 Z" />

      <g className={styles.lamp} data-on={lights || undefined}>
        <path d="M70 82 C74 70 82 64 92 62 C86 70 80 78 76 88 Z" />
        <path d="M170 82 C166 70 158 64 148 62 C154 70 160 78 164 88 Z" />
      </g>
      <g className={styles.tail}>
        <path d="M66 326 C70 336 78 341 90 342 C82 336 76 330 73 322 Z" />
        <path d="M174 326 C170 336 162 341 150 342 C158 336 164 330 167 322 Z" />
      </g>
      <Side glass={glass} paint={paint} front={state.open.frontLeft} rear={state.open.rearLeft} frontWindow={state.windows.frontLeft} rearWindow={state.windows.rearLeft} />
      <g transform="translate(240 0) scale(-1 1)">
        <Side glass={glass} paint={paint} front={state.open.frontRight} rear={state.open.rearRight} frontWindow={state.windows.frontRight} rearWindow={state.windows.rearRight} />
      </g>

      {state.charging && (
        <g>
          <path className={styles.cable} d="M180 306 C206 306 196 338 226 338 L250 338" />
          <circle className={styles.plug} cx="182" cy="306" r="6" />
        </g>
      )}
      <Badge lock={lockWord(state)} />
    </svg>
  );
}

/** The left side's doors; each swings about its front edge. */
function Side({ glass, paint, front, rear, frontWindow, rearWindow }: { glass: string; paint: string; front: boolean; rear: boolean; frontWindow: boolean; rearWindow: boolean }) {
  return (
    <>
      <g className={styles.frontDoor} data-open={front || undefined}>
        <path className={styles.skin} fill={paint} d="M61 140 L77 134 L86 166 L85 213 L60 212 Z" />
        <path className={styles.pane} data-open={frontWindow || undefined} fill={glass} d="M74 143 L83 169 L82 209 L70 208 C70 185 71 162 74 143 Z" />
        <path className={styles.mirror} fill={paint} d="M62 146 C52 144 47 148 48 154 C52 157 58 156 62 154 Z" />
      </g>
      <g className={styles.rearDoor} data-open={rear || undefined}>
        <path className={styles.skin} fill={paint} d="M60 213 L85 214 L85 264 L78 288 L60 280 Z" />
        <path className={styles.pane} data-open={rearWindow || undefined} fill={glass} d="M70 217 L82 218 L82 260 L76 279 C71 260 70 240 70 217 Z" />
      </g>
    </>
  );
}

function Badge({ lock }: { lock: "locked" | "unlocked" | "unknown" }) {
  return (
    <g className={styles.badge} data-lock={lock}>
      <circle cx="120" cy="216" r="23" />
      {lock === "unknown" ? (
        <text x="120" y="224" textAnchor="middle">
          ?
        </text>
      ) : (
        <>
          <path d={lock === "locked" ? "M113 214 v-5 a7 7 0 0 1 14 0 v5" : "M113 214 v-7 a7 7 0 0 1 13.5 -2.5"} />
          <rect x="109.5" y="213" width="21" height="15" rx="3.5" />
        </>
      )}
    </g>
  );
}
