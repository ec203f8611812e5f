// One stream of views from the server; everything that is shown is in the view.
import { Chart } from "/chart.js";
import { bars, instruments, ladder, pending, put, signals } from "/panels.js";

const byId = (id) => document.getElementById(id);
const chart = new Chart(byId("chart"));
let stream = null, chosen = "", announced = "";

function connect() {
  stream?.close();
  chart.clear();
  stream = new EventSource(`/events?instrument=${encodeURIComponent(chosen)}`);
  stream.onmessage = (message) => show(JSON.parse(message.data));
  stream.onopen = () => { chart.clear(); put("link", "live"); };
  stream.onerror = () => put("link", "connection lost");
}

function show(view) {
  byId("setup").hidden = !view.setup;
  if (view.setup) setup(view.setup);
  if (view.ended) { put("link", "ended"); stream.close(); }
  choose(view);
  chart.take(view);
  put("source", view.title);
  put("sentence", view.sentence.replace(/ (%|bps)/g, "\u00a0$1"));
  put("fixed-key", view.fixed.name);
  byId("chart").setAttribute("aria-label", `Mid price with our bid and ask around it, last 60 seconds. ${view.sentence}`);
  figures(view);
  losses(view.losses, view.simulated, view.components, view.quote ? view.quote.score : "–");
  foot(view.foot);
  panel(view);
  const state = `${view.instrument} is ${view.regime.toLowerCase()}, ${view.status}`;
  if (state !== announced) { announced = state; put("announce", state); }
}

function setup(steps) {
  const list = byId("steps");
  while (list.children.length < steps.length) list.append(document.createElement("li"));
  steps.forEach((step, i) => {
    const item = list.children[i], text = step.note ? `${step.what} — ${step.note}` : step.what;
    item.className = step.state;
    if (item.textContent !== text) item.textContent = text;
  });
}

function choose(view) {
  const select = byId("instrument"), keys = view.instruments.map((row) => row.key);
  if (keys.join() !== Array.from(select.options, (o) => o.value).join()) {
    select.replaceChildren(...keys.map((key) => new Option(key, key)));
  }
  if (document.activeElement !== select) select.value = view.instrument;
}

function figures(view) {
  const q = view.quote, state = view.status === "OK" ? "" : ` · ${view.status.toLowerCase()}`;
  put("regime", (view.regime === "UNKNOWN" ? "–" : view.regime.toLowerCase()) + state);
  for (const name of ["bid", "mid", "ask", "widen", "score"]) put(name, q ? q[name] : "–");
  put("bid-bps", q ? `−${q.bid_bps} bps` : "");
  put("ask-bps", q ? `+${q.ask_bps} bps` : "");
  put("fee-buy", view.fees ? view.fees.buy : "–");
  put("fee-sell", view.fees ? view.fees.sell : "–");
}

function losses(totals, simulated, parts, score) {
  byId("losses").hidden = byId("burst-key").hidden = !simulated;
  byId("brief").hidden = simulated;
  if (!simulated) return bars("brief-bars", parts, score);
  put("losses-lead", totals ? totals.lead : "Counting starts with the first fill.");
  put("fixed-note", totals ? totals.fixed_note : "");
  put("loss-fixed", totals ? totals.fixed : "–");
  put("loss-ours", totals ? totals.ours : "–");
  put("losses-verdict", totals ? totals.verdict : "");
  put("losses-note", totals ? totals.note : "");
  byId("bar-fixed").style.width = `${totals ? totals.fixed_share * 100 : 0}%`;
  byId("bar-ours").style.width = `${totals ? totals.ours_share * 100 : 0}%`;
}

function foot(view) {
  for (const name of ["age", "gaps", "rate", "p99", "records", "late", "dead"]) put(name, view[name]);
  put("count", view.signals);
  byId("age").classList.toggle("stale", view.stale);
}

function panel(view) {
  const open = document.body.dataset.panel;
  if (open === "why") bars("why-bars", view.components, view.quote ? view.quote.score : "–");
  if (open === "signals") signals(view.signals);
  if (open === "ladder") ladder(view.ladder);
  if (open === "instruments") instruments(view.instruments);
  if (open === "pending") pending(view.pending);
}

const tabs = Array.from(document.querySelectorAll("[role=tab]"));
function open(tab) {
  document.body.dataset.panel = tab.dataset.panel;
  for (const other of tabs) {
    const on = other === tab;
    other.setAttribute("aria-selected", on);
    other.tabIndex = on ? 0 : -1;
    byId(other.dataset.panel).hidden = !on;
  }
  history.replaceState(null, "", tab.dataset.panel === "overview" ? location.pathname : `#${tab.dataset.panel}`);
}
tabs.forEach((tab, i) => {
  tab.addEventListener("click", () => open(tab));
  tab.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move) return;
    const next = tabs[(i + move + tabs.length) % tabs.length];
    next.focus(); open(next);
  });
});
const wanted = tabs.find((tab) => `#${tab.dataset.panel}` === location.hash);
if (wanted) open(wanted);
byId("instrument").addEventListener("change", (event) => { chosen = event.target.value; connect(); });
connect();
