export default {
  none: "Nada todavía. Lo que ocurra aparecerá aquí.",
  noneClosed: "Nada.",
  closed: "Ahora no se registra nada",
  more: "Anteriores",
  heard: "Recibido el {{at}}",
  keptWhileYours: "Se conserva mientras el vehículo sea suyo y después se borra.",
  keptDays_one: "Se conserva {{count}} día y después se borra.",
  keptDays_many: "Se conserva {{count}} de días y después se borra.",
  keptDays_other: "Se conserva {{count}} días y después se borra.",
  keptMonths_one: "Se conserva {{count}} mes y después se borra.",
  keptMonths_many: "Se conserva {{count}} de meses y después se borra.",
  keptMonths_other: "Se conserva {{count}} meses y después se borra.",
};
