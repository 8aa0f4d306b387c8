export default {
  none: "Noch nichts. Was geschieht, steht hier.",
  noneClosed: "Nichts.",
  closed: "Zurzeit wird nichts aufgezeichnet",
  more: "Früheres",
  heard: "Gemeldet am {{at}}",
  keptWhileYours: "Aufbewahrt, solange das Fahrzeug Ihnen gehört, dann gelöscht.",
  keptDays_one: "{{count}} Tag aufbewahrt, dann gelöscht.",
  keptDays_other: "{{count}} Tage aufbewahrt, dann gelöscht.",
  keptMonths_one: "{{count}} Monat aufbewahrt, dann gelöscht.",
  keptMonths_other: "{{count}} Monate aufbewahrt, dann gelöscht.",
};
