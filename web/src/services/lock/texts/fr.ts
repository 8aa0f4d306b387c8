export default {
  title: "Verrouiller et déverrouiller",
  lockWhat: "Les portes et le coffre sont verrouillés. La voiture le dit quand ses propres capteurs le constatent.",
  unlockWhat: "Les portes sont déverrouillées pour quiconque se tient près de la voiture.",
  underWay: "{{command}}\u00a0: en cours",
};
