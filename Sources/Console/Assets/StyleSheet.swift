// SPDX-License-Identifier: Apache-2.0

enum StyleSheet {
    static let text = #"""
        :root {
          --back: #f6f6f8; --card: #ffffff; --text: #1b1b22; --muted: #585866; --line: #e3e3ea; --accent: #b93d0b; --on-accent: #ffffff;
          --field: #ffffff; --field-line: #8b8b99; --code: #f1f1f5; --track: #ececf1;
          --warm: #3b6fe0; --cold: #ee7b1d; --failed: #cf2130; --good-back: #dff3e4; --good: #11592a; --bad-back: #fde4e4; --bad: #8f1620;
          --busy-back: #fdeed3; --busy: #6f4400;
          --phase-0: #8a8a99; --phase-1: #ee7b1d; --phase-2: #3b6fe0; --phase-3: #16a06a; --phase-4: #a855c8; --phase-5: #d9a514; --phase-6: #1f9fb8; --phase-7: #c2485b;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --back: #101015; --card: #191920; --text: #ececf2; --muted: #a7a7b6; --line: #2b2b35; --accent: #ff9557; --on-accent: #201008;
            --field: #121218; --field-line: #6d6d7d; --code: #22222b; --track: #26262f;
            --warm: #6f9bff; --cold: #ff9d4d; --failed: #ff6470; --good-back: #143a22; --good: #a6ecbd; --bad-back: #4a171c; --bad: #ffc3c6;
            --busy-back: #46310a; --busy: #ffdc9c;
            --phase-0: #9a9aab; --phase-1: #ff9d4d; --phase-2: #6f9bff; --phase-3: #45c793; --phase-4: #cd8ce6; --phase-5: #e8c04a; --phase-6: #58c4d9; --phase-7: #ea7f8f;
          }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        html { -webkit-text-size-adjust: 100%; }
        body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, "DejaVu Sans", sans-serif; }
        a { color: var(--accent); text-underline-offset: 2px; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
        .skip { position: absolute; left: -999px; top: 0; background: var(--card); padding: 8px 12px; z-index: 2; }
        .skip:focus { left: 8px; top: 8px; }
        .top { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 22px; padding: 10px max(16px, calc(50vw - 560px)); background: var(--card); border-bottom: 1px solid var(--line); }
        .brand { display: flex; align-items: center; gap: 10px; font-weight: 700; font-size: 18px; color: var(--text); text-decoration: none; }
        .who { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; font-size: 14px; overflow-wrap: anywhere; }
        nav { display: flex; gap: 4px; flex: 1; }
        nav a { padding: 6px 12px; border-radius: 8px; text-decoration: none; color: var(--muted); font-weight: 500; }
        nav a:hover { color: var(--text); background: var(--code); }
        nav a[aria-current] { color: var(--text); background: var(--code); }
        main { max-width: 1120px; margin: 0 auto; padding: 20px 16px 40px; }
        footer { max-width: 1120px; margin: 0 auto; padding: 0 16px 32px; color: var(--muted); font-size: 14px; }
        h1 { font-size: 26px; line-height: 1.25; margin: 8px 0 2px; overflow-wrap: anywhere; }
        h2 { font-size: 17px; margin: 0 0 8px; }
        h3 { font-size: 15px; margin: 14px 0 4px; }
        p { margin: 0 0 10px; }
        small { display: block; color: var(--muted); font-weight: 400; font-size: 13px; overflow-wrap: anywhere; }
        .muted { color: var(--muted); font-size: 14px; overflow-wrap: anywhere; }
        .head { margin-bottom: 16px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 12px; margin-bottom: 16px; }
        .tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 12px 16px; }
        .tile b { display: block; font-size: 25px; line-height: 1.2; font-variant-numeric: tabular-nums; }
        .tile span { color: var(--muted); font-size: 14px; }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 16px; margin-bottom: 16px; min-width: 0; }
        .card.flush { padding: 0; overflow: hidden; }
        .narrow { max-width: 460px; margin: 40px auto; }
        .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 430px), 1fr)); gap: 0 16px; align-items: stretch; }
        .scroll { overflow-x: auto; }
        table { width: 100%; border-collapse: collapse; font-size: 15px; }
        th, td { text-align: left; padding: 9px 14px; border-bottom: 1px solid var(--line); vertical-align: middle; font-variant-numeric: tabular-nums; }
        tbody tr:last-child > * { border-bottom: 0; }
        thead th { color: var(--muted); font-size: 13px; font-weight: 600; white-space: nowrap; }
        tbody th { font-weight: 600; }
        .number { text-align: right; }
        .trend { min-width: 150px; width: 22%; }
        .pill { display: inline-block; padding: 1px 10px; border-radius: 999px; font-size: 13px; font-weight: 600; background: var(--code); color: var(--text); vertical-align: middle; white-space: nowrap; }
        .state-active, .state-running { background: var(--good-back); color: var(--good); }
        .state-failed { background: var(--bad-back); color: var(--bad); }
        .state-pending, .state-starting, .state-draining { background: var(--busy-back); color: var(--busy); }
        .alert { background: var(--bad-back); color: var(--bad); border-radius: 8px; padding: 8px 12px; overflow-wrap: anywhere; }
        .notice { background: var(--good-back); color: var(--good); border-radius: 8px; padding: 8px 12px; }
        .stack { display: grid; gap: 12px; }
        .row { display: flex; flex-wrap: wrap; gap: 12px; align-items: end; }
        label { display: grid; gap: 3px; font-size: 14px; color: var(--muted); min-width: 0; }
        input, select, textarea { font: inherit; color: var(--text); background: var(--field); border: 1px solid var(--field-line); border-radius: 8px; padding: 7px 10px; max-width: 100%; }
        textarea { width: 100%; font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 14px; resize: vertical; }
        input[type=range] { padding: 0; border: 0; accent-color: var(--accent); width: 100%; }
        input, select, button { min-height: 40px; }
        th code { white-space: nowrap; font-weight: 500; }
        .slider { flex: 1; min-width: 200px; }
        button { font: inherit; font-weight: 600; border: 1px solid var(--accent); border-radius: 8px; padding: 7px 16px; background: var(--accent); color: var(--on-accent); cursor: pointer; }
        button:hover { filter: brightness(1.08); }
        button.quiet { background: transparent; color: var(--text); border-color: var(--field-line); font-weight: 500; }
        details { margin-top: 8px; }
        summary { cursor: pointer; color: var(--muted); font-size: 14px; padding: 4px 0; }
        .alias { border-top: 1px solid var(--line); padding: 4px 0 14px; }
        .effect { margin: 8px 0 10px; font-weight: 600; }
        pre, code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 13.5px; }
        code { overflow-wrap: anywhere; }
        pre { background: var(--code); border-radius: 8px; padding: 10px 12px; margin: 0 0 10px; overflow: auto; max-height: 320px; white-space: pre-wrap; overflow-wrap: anywhere; }
        .answer { border-top: 1px solid var(--line); margin-top: 16px; padding-top: 4px; }
        .answer .tiles { margin-top: 12px; }
        dl { display: grid; grid-template-columns: minmax(110px, max-content) 1fr; gap: 6px 16px; margin: 0; font-size: 15px; }
        dt { color: var(--muted); }
        dd { margin: 0; overflow-wrap: anywhere; }
        ol, ul { margin: 0 0 10px; padding-left: 22px; }
        .log { background: var(--code); border-radius: 8px; padding: 8px 12px; height: 320px; overflow: auto; font: 13px/1.55 ui-monospace, "DejaVu Sans Mono", monospace; }
        .log div { white-space: pre-wrap; overflow-wrap: anywhere; }
        .log .time, .log .stream, .log .stream-platform .message { color: var(--muted); }
        .log .stream-stderr .message { color: var(--bad); }
        .legend { color: var(--muted); font-size: 13px; margin: 0 0 6px; }
        .key { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin: 0 5px 0 8px; vertical-align: -1px; }
        .legend .key:first-child, th .key:first-child { margin-left: 0; }
        .key.warm { background: var(--warm); } .key.cold { background: var(--cold); } .key.failed { background: var(--failed); }
        .picture { display: block; overflow: visible; }
        /* A rim in the colour of the card keeps lines behind a word from running through it. */
        .picture text { font-size: 13px; fill: var(--text); font-family: inherit; paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
        .picture .axis { fill: var(--muted); font-size: 12px; }
        .picture .value { font-weight: 600; }
        .picture .grid { stroke: var(--line); }
        .picture .mark { stroke: var(--text); stroke-dasharray: 3 3; }
        .picture .track { fill: var(--track); }
        .picture .warm { fill: var(--warm); } .picture .cold { fill: var(--cold); } .picture .failed { fill: var(--failed); }
        .phase-0 { fill: var(--phase-0); } .phase-1 { fill: var(--phase-1); } .phase-2 { fill: var(--phase-2); }
        .phase-3 { fill: var(--phase-3); } .phase-4 { fill: var(--phase-4); } .phase-5 { fill: var(--phase-5); }
        .phase-6 { fill: var(--phase-6); } .phase-7 { fill: var(--phase-7); }
        @media (max-width: 560px) {
          th, td { padding: 8px 10px; }
          dl { grid-template-columns: 1fr; gap: 0; }
          dd { margin-bottom: 8px; }
          .tiles { grid-template-columns: 1fr 1fr; }
        }
        """#
}
