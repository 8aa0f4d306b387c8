export default {
  save: "Enregistrer",
  lost: "Un réglage fait dans la voiture n'a pas compté.",
  by: { owner: "un propriétaire, dans l'application", car: "quelqu'un dans la voiture", platform: "la plateforme" },
  newer: {
    title: "Ce réglage a changé entre-temps",
    what: "Par {{by}}. Voici ce qui compte maintenant\u00a0; votre saisie est toujours ci-dessous.",
    mine: "Continuer avec ma saisie",
    take: "Prendre le plus récent",
  },
};
