export default {
  title: "Avisos",
  none: "No hay avisos. Aquí se cuenta lo que pasa con sus vehículos.",
  more: "Avisos anteriores",
  new: "Nuevo",
  toCar: "Al vehículo",
  further_one: "una vez más en la misma hora",
  further_many: "{{count}} de veces más en la misma hora",
  further_other: "{{count}} veces más en la misma hora",
};
