/** A link that the device's own navigation opens. The place leaves this app only when the person touches it. */
export function wayTo(latitude: number, longitude: number, agent = navigator.userAgent): string {
  const place = `${latitude},${longitude}`;
  if (/Android/.test(agent)) {
    return `geo:${place}?q=${place}`;
  }
  if (/iPhone|iPad|Macintosh/.test(agent)) {
    return `https://maps.apple.com/?daddr=${place}&dirflg=w`;
  }
  return `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=17/${latitude}/${longitude}`;
}
