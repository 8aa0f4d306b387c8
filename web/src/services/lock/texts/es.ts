export default {
  title: "Bloqueo y desbloqueo",
  lockWhat: "Se bloquean las puertas y el maletero. El vehículo lo dice cuando sus propios sensores lo comprueban.",
  unlockWhat: "Se desbloquean las puertas para cualquiera que esté junto al vehículo.",
  underWay: "{{command}}: en curso",
};
