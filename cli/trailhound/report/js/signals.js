// The signals below the alerts: the same rows and filters, the latest first.

const SIGNALS_AT_FIRST = 10;
const SIGNALS_MORE = 50;
let signalsShown = SIGNALS_AT_FIRST;

function drawSignals() {
  if (!data.signals.length) return;
  const found = data.signals.filter(passes()).reverse();
  const body = byId("signal-list").tBodies[0];
  keepingFocus(body, () => body.replaceChildren(...found.slice(0, signalsShown).map(alertRow)));
  byId("signal-list").hidden = found.length === 0;
  byId("no-signal").hidden = found.length > 0;
  const left = found.length - signalsShown;
  byId("more-signals").hidden = left <= 0;
  byId("more-signals").textContent = `Show ${number(Math.min(SIGNALS_MORE, left))} more`;
}

function startSignals() {
  byId("more-signals")?.addEventListener("click", () => {
    signalsShown += SIGNALS_MORE;
    drawSignals();
  });
}
