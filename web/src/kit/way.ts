/** Whom a place is given to when the way to it is asked for. `recipient` is null where the device's own map opens, whichever its owner chose. */
export interface Way {
  href: string;
  recipient: string | null;
}

/** The way to a place in what the device has for it. Recipients are named as in the declarations of services that show places. */
export function wayTo(latitude: number, longitude: number, agent = navigator.userAgent): Way {
  const place = `${latitude},${longitude}`;
  if (/Android/.test(agent)) {
    return { href: `geo:${place}?q=${place}`, recipient: null };
  }
  if (/iPhone|iPad|Macintosh/.test(agent)) {
    return { href: `https://maps.apple.com/?daddr=${place}&dirflg=w`, recipient: "Apple Distribution International" };
  }
  return { href: `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`, recipient: "OpenStreetMap Foundation" };
}
