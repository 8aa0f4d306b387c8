"""The head-unit page as HTML, with its style and script. No asset from anywhere else; works without the script, which only refreshes."""

from html import escape
from typing import Any, Final

from openmarque.kit.texts import LANGUAGES, texts

STYLE: Final = """
:root { color-scheme: light dark; --line: #8888; --accent: #0a5c9e; --ok: #17692b; }
@media (prefers-color-scheme: dark) { :root { --accent: #7cc1ff; --ok: #7ddb92; } }
* { box-sizing: border-box; }
html { background: Canvas; color: CanvasText; } a { color: var(--accent); }
body { font: 1.125rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: minmax(9rem, auto) 1fr; gap: .4rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
section, .level { border-top: 1px solid var(--line); padding: .5rem 0; }
.levels { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); }
.level { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; }
.level.chosen { border: 3px solid var(--accent); }
.row { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding: .5rem 0; }
.row form { flex: none; } .row div { flex: 1 1 16rem; }
.field { display: inline-flex; gap: .5rem; align-items: center; }
button, input, select { font: inherit; min-height: 3rem; padding: .5rem 1rem; border-radius: .5rem; border: 1px solid currentColor; }
button { cursor: pointer; min-width: 8rem; } button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.state { color: var(--ok); font-weight: 600; } .said { border: 2px solid var(--accent); padding: .5rem 1rem; border-radius: .5rem; }
fieldset { flex: 1 1 100%; border: 1px solid currentColor; border-radius: .5rem; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
fieldset .row { flex: 1 1 100%; } .row > fieldset { flex-basis: 20rem; } form.row > fieldset { flex-basis: 100%; } .wrong { flex: 1 1 100%; margin: 0; font-weight: 600; } input[aria-invalid] { border-width: 3px; }
.enter { position: absolute; width: 1px; height: 1px; min-height: 0; min-width: 0; padding: 0; border: 0; clip-path: inset(50%); }
nav { text-align: right; } ul { padding-left: 1.2rem; margin: .3rem 0; }
"""

SCRIPT: Final = """
"use strict";
const language = document.documentElement.lang;
function showAnew() { location.assign("/?lang=" + language); }  // not reload: a page that answers a form would send the form again
async function refresh() {
  try {
    const answer = await fetch("/state?lang=" + language, {cache: "no-store"});
    if (!answer.ok) return;
    const state = await answer.json();
    for (const place of document.querySelectorAll("[data-live]")) {
      const now = state[place.dataset.live];
      if (place.textContent !== now) place.textContent = now;
    }
    const list = document.getElementById("notices");
    const shown = state.notices.map(n => n.at + " - " + n.text);
    if (shown.join("\\n") !== list.dataset.shown) {
      list.dataset.shown = shown.join("\\n");
      list.replaceChildren(...shown.map(line => { const li = document.createElement("li"); li.textContent = line; return li; }));
      document.getElementById("no-notices").hidden = shown.length > 0;
    }
    showPhones(state.phones);
    showSettings(state.settings);
    if (String(state.level) !== document.body.dataset.level) showAnew();
  } catch (error) { /* the next round tries again */ }
}
setInterval(refresh, 2000);
"""


def page(language: str, vin: str, token: str, said: str, view: dict[str, Any], follows: str = "", beside_code: str = "") -> str:
    """The whole page. `view` holds live, levels, switches, note, link, ceiling and what makes the parts of commands, settings and phones.

    `said` answers the last action ("" for none). With `follows` it is the live value of that name and changes with it. `beside_code` is
    what was wrong with a pairing code that was not even sent.
    """
    said_in = texts(language)

    def t(key: str, **facts: object) -> str:
        return escape(said_in.text(f"screen.{key}", **facts))

    live = view["live"]
    facts = "".join(
        f'<dt>{t(f"{name}.name")}</dt><dd id="{name}" data-live="{name}">{escape(live[name])}</dd>'
        for name in ("link", "outbox", "policy")
    )
    facts += "".join(
        f'<dt>{escape(said_in.text(f"glance.{name}.name"))}</dt><dd id="glance-{name}" data-live="glance-{name}">{escape(shown)}</dd>'
        for name, shown in live["glances"].items()
    )
    notices = "".join(f"<li>{escape(n['at'])} - {escape(n['text'])}</li>" for n in live["notices"])
    hidden = f'<input type="hidden" name="token" value="{escape(token)}"><input type="hidden" name="lang" value="{language}">'
    link = "".join(f"<li>{escape(purpose)}</li>" for purpose in view["link"])
    return f"""<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{t("title")}</title><link rel="stylesheet" href="/style.css"><script src="/refresh.js" defer></script></head>
<body data-level="{live["level"]}">
<nav aria-label="{t("language")}">{_languages(language)}</nav>
<main>
<h1>{t("title")}</h1>
<p role="status"{' class="said"' if said else ""}{f' data-live="{follows}"' if follows else ""}>{escape(said)}</p>
<dl><dt>{t("vehicle")}</dt><dd>{escape(vin)}</dd>{facts}</dl>
<section aria-labelledby="level-title"><h2 id="level-title">{t("level.name")}</h2>
<p>{escape(view["note"])} {escape(view["ceiling"])}</p>
<div class="levels">{"".join(_level(language, level, hidden) for level in view["levels"])}</div>
<details><summary>{t("level.link")}</summary><ul lang="en">{link}</ul></details></section>
<section aria-labelledby="switch-title"><h2 id="switch-title">{t("switches")}</h2>
{"".join(_switch(language, switch, hidden) for switch in view["switches"])}</section>
{view["commands"](hidden)}
{view["settings"](hidden)}
{view["phones"](hidden)}
<section id="pairing" aria-labelledby="pairing-title"><h2 id="pairing-title">{t("pairing.name")}</h2>
<form method="post" action="/pairing" class="row">{hidden}<label for="code">{t("pairing.code")}</label>
<input id="code" name="code" inputmode="numeric" autocomplete="off" pattern="[0-9]{{8}}" minlength="8" maxlength="8" required>
<button>{t("pairing.send")}</button></form>{f'<p class="said">{escape(beside_code)}</p>' if beside_code else ""}
<p id="pairing-outcome" role="status" data-live="pairing">{escape(live["pairing"])}</p></section>
<section aria-labelledby="notice-title"><h2 id="notice-title">{t("notices.name")}</h2>
<p id="no-notices"{" hidden" if notices else ""}>{t("notices.none")}</p><ul id="notices" aria-live="polite">{notices}</ul></section>
</main></body></html>
"""


def _languages(chosen: str) -> str:
    """Each language by its own name; the one that the page speaks is marked and leads nowhere."""
    links = []
    for language in LANGUAGES:
        name = escape(texts(language).text("language"))
        place = f'aria-current="true" lang="{language}"' if language == chosen else f'lang="{language}" hreflang="{language}"'
        links.append(
            f"<span {place}>{name}</span>" if language == chosen else f'<a href="/?lang={language}" {place}>{name}</a>'
        )
    return " ".join(links)


def _level(language: str, level: dict[str, Any], hidden: str) -> str:
    said = texts(language)
    services = "".join(f"<li>{escape(purpose)}</li>" for purpose in level["services"])
    heading = escape(said.text(f"screen.level.{'lets_out' if services else 'lets_out_none'}"))
    if level["chosen"]:
        action = f'<p class="state">{escape(said.text("screen.in_force"))}</p>'
    elif level["possible"]:
        choose = escape(said.text("screen.choose"))
        label = f"{choose}<span hidden> {escape(level['name'])}</span>"
        aria = f"{choose}: {escape(level['name'])}"
        action = f'<form method="post" action="/level">{hidden}<button name="level" value="{level["value"]}" aria-label="{aria}">{label}</button></form>'
    else:
        action = f"<p>{escape(said.text('screen.not_built'))}</p>"
    stops = f"<p>{escape(said.text('screen.level.stops', services=', '.join(level['stops'])))}</p>" if level["stops"] else ""
    chosen = " chosen" if level["chosen"] else ""
    return (
        f'<div class="level{chosen}"><h3>{escape(level["name"])}</h3><p>{escape(level["what"])}</p>'
        f"<p>{heading}</p><ul>{services}</ul>{stops}{action}</div>"
    )


def _switch(language: str, switch: dict[str, Any], hidden: str) -> str:
    said = texts(language)
    label, to = switch["label"], "off" if switch["on"] else "on"
    state = said.text("screen.on" if switch["on"] else "screen.off")
    action = said.text(f"screen.turn_{to}")
    shown = escape(said.text("screen.switch_is", switch="\0", state="\1"))
    shown = shown.replace("\0", f"<strong>{escape(label)}</strong>").replace(
        "\1", f'<span class="state">{escape(state)}</span>'
    )
    return (
        f'<div class="row"><div>{shown}<br>{escape(switch["what"])}</div>'
        f'<form method="post" action="/switch">{hidden}<input type="hidden" name="name" value="{escape(switch["name"])}">'
        f'<button name="to" value="{to}" aria-label="{escape(said.text("screen.switch_is", switch=action, state=label))}">'
        f"{escape(action)}</button></form></div>"
    )
