export default {
  title: "Ver- und Entriegeln",
  lockWhat: "Türen und Kofferraum werden verriegelt. Das Fahrzeug meldet es, wenn seine eigenen Sensoren es feststellen.",
  unlockWhat: "Die Türen werden für alle entriegelt, die beim Fahrzeug stehen.",
  underWay: "{{command}}: läuft",
};
