export default {
  save: "Guardar",
  lost: "Un cambio hecho en el vehículo no se aplicó.",
  by: { owner: "un propietario, en la aplicación", car: "alguien en el vehículo", platform: "la plataforma" },
  newer: {
    title: "Se ha cambiado entretanto",
    what: "Por {{by}}. Esto es lo que cuenta ahora; lo que usted escribió sigue abajo.",
    mine: "Seguir con lo mío",
    take: "Tomar lo más reciente",
  },
};
