export default {
  none: "Rien pour l'instant. Ce qui se passe sera affiché ici.",
  noneClosed: "Rien.",
  closed: "Rien n'est enregistré en ce moment",
  more: "Plus anciens",
  heard: "Reçu le {{at}}",
  keptWhileYours: "Conservé tant que la voiture est à vous, puis effacé.",
  keptDays_one: "Conservé {{count}} jour, puis effacé.",
  keptDays_many: "Conservé {{count}} de jours, puis effacé.",
  keptDays_other: "Conservé {{count}} jours, puis effacé.",
  keptMonths_one: "Conservé {{count}} mois, puis effacé.",
  keptMonths_many: "Conservé {{count}} de mois, puis effacé.",
  keptMonths_other: "Conservé {{count}} mois, puis effacé.",
};
