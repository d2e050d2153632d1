// SPDX-License-Identifier: Apache-2.0

/// What makes pages live. Without it they work all the same.
enum Script {
    static let text = #"""
        "use strict";

        // The sentence below a slider says what its form will do, before it is sent.
        function versionName(version) { return version === "LATEST" ? "LATEST" : "version " + version; }
        for (const form of document.querySelectorAll("form[data-alias]")) {
          const tell = () => {
            const main = form.elements.version.value, other = form.elements.other.value;
            const part = Number(form.elements.weight.value);
            const shared = other !== "" && other !== main && part > 0;
            form.elements.weight.disabled = other === "" || other === main;
            form.querySelector("[data-effect]").textContent = !shared
              ? "All calls go to " + versionName(main) + "."
              : part === 100
                ? "All calls go to " + versionName(other) + "."
                : "Of 100 calls, " + (100 - part) + " go to " + versionName(main) + " and " + part + " to " + versionName(other) + ".";
          };
          form.addEventListener("input", tell);
          form.addEventListener("change", tell);
          tell();
        }

        // Fields that only one kind of call has.
        for (const kind of document.querySelectorAll("select[name=kind]")) {
          const show = () => {
            for (const label of kind.form.querySelectorAll(".http")) label.hidden = kind.value !== "http";
          };
          kind.addEventListener("change", show);
          show();
        }

        // Parts that change by themselves are taken from the page as it is now.
        async function refresh() {
          if (document.hidden || !document.querySelector("[data-live]")) return;
          const path = location.pathname.replace(/\/(call|bench|alias)$/, "");
          const answer = await fetch(path, { credentials: "same-origin" });
          if (!answer.ok || answer.redirected) return;
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          for (const part of document.querySelectorAll("[data-live]")) {
            const fresh = page.getElementById(part.id);
            if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...document.importNode(fresh, true).childNodes);
          }
        }
        setInterval(() => { refresh().catch(() => { /* The host is away for a moment: the next time may do. */ }); }, 3000);

        // The log, line by line. A line is put in as text, whatever it holds.
        const log = document.querySelector("[data-log]");
        if (log) {
          const state = document.querySelector("[data-log-state]"), toggle = document.querySelector("[data-log-toggle]");
          let source = null;
          const part = (line, kind, text) => {
            const span = document.createElement("span");
            span.className = kind;
            span.textContent = text;
            line.append(span, " ");
          };
          const show = (entry) => {
            const atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
            const line = document.createElement("div");
            line.className = "stream-" + entry.stream;
            part(line, "time", entry.time.slice(11, 23));
            part(line, "stream", entry.stream === "platform" ? "--" : entry.stream === "stderr" ? "err" : "out");
            part(line, "message", entry.message);
            line.title = "instance " + entry.instance + (entry.request ? ", request " + entry.request : "");
            log.append(line);
            while (log.childElementCount > 1000) log.firstElementChild.remove();
            if (atEnd) log.scrollTop = log.scrollHeight;
          };
          const begin = () => {
            log.replaceChildren();
            source = new EventSource(log.dataset.log);
            source.onopen = () => { state.textContent = "live"; };
            source.onmessage = (event) => show(JSON.parse(event.data));
            source.onerror = () => { state.textContent = "waiting for the host"; };
            toggle.textContent = "Pause";
          };
          toggle.hidden = false;
          toggle.addEventListener("click", () => {
            if (source) { source.close(); source = null; toggle.textContent = "Go on"; state.textContent = "paused"; } else begin();
          });
          begin();
        }
        """#
}
