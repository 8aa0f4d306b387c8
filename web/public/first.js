// Before the first paint: the colours and the language last chosen on this device, so that nothing flashes or jumps.
(function () {
  "use strict";
  var root = document.documentElement;
  var scheme = null;
  var language = null;
  try {
    scheme = localStorage.getItem("om.scheme");
    language = localStorage.getItem("om.language");
  } catch (error) {
    /* A browser that keeps nothing: the system decides. */
  }
  if (scheme !== "light" && scheme !== "dark") {
    scheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  var spoken = ["en", "fr", "de", "es"];
  if (spoken.indexOf(language) < 0) {
    // The first language of the person's list that is spoken here.
    language = (navigator.languages || [navigator.language])
      .map(function (name) {
        return String(name).slice(0, 2).toLowerCase();
      })
      .concat("en")
      .find(function (name) {
        return spoken.indexOf(name) >= 0;
      });
  }
  root.setAttribute("data-mantine-color-scheme", scheme);
  root.lang = language;
  document.querySelector('meta[name="theme-color"]').content = scheme === "dark" ? "#0c0f16" : "#f2f4f8";
  document.querySelector('link[rel="manifest"]').href = "/manifest." + language + ".webmanifest";
})();
