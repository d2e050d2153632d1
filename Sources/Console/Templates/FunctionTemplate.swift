// SPDX-License-Identifier: Apache-2.0

extension Templates {
    static let function = #"""
        <div class="head">
        <h1>{{name}} <span class="pill {{stateClass}}">{{state}}</span></h1>
        <p class="muted">{{description}}</p>
        </div>
        {{#hasReason}}<p class="alert" role="alert">{{reason}}</p>{{/hasReason}}
        <div class="tiles" id="tiles" data-live>
        <div class="tile"><b>{{invocations}}</b><span>calls in the last hour</span></div>
        <div class="tile"><b>{{coldShare}}</b><span>of them cold</span></div>
        <div class="tile"><b>{{errors}}</b><span>failed</span></div>
        <div class="tile"><b>{{alive}}</b><span>instances alive</span></div>
        </div>

        <div class="columns">
        <section class="card" aria-labelledby="calls-title">
        <h2 id="calls-title">Calls</h2>
        <p class="legend"><span class="key warm"></span>warm <span class="key cold"></span>cold <span class="key failed"></span>failed</p>
        <div id="chart" data-live>{{{chart}}}</div>
        </section>
        <section class="card" aria-labelledby="cold-title">
        <h2 id="cold-title">Newest cold start</h2>
        <div id="cold-start" data-live>
        {{#hasColdStart}}
        <p class="muted"><b>{{coldStartTotal}}</b> at {{coldStartTime}} · request {{coldStartRequest}}</p>
        {{{coldStartPicture}}}
        {{/hasColdStart}}
        {{^hasColdStart}}<p class="muted">None since the host was started. A test call below makes one.</p>{{/hasColdStart}}
        </div>
        </section>
        </div>

        <section class="card" id="call" aria-labelledby="call-title">
        <h2 id="call-title">Test call</h2>
        <form method="post" action="/console/functions/{{path}}/call#call" class="stack">
        <input type="hidden" name="token" value="{{token}}">
        <div class="row">
        <label>Kind <select name="kind"><option value="event">Event</option><option value="http"{{#isHTTP}} selected{{/isHTTP}}>HTTP</option></select></label>
        <label>Version or alias <input name="qualifier" value="{{qualifier}}" list="qualifiers" size="12"></label>
        <datalist id="qualifiers">{{#choices}}<option value="{{number}}">{{/choices}}{{#aliases}}<option value="{{alias}}">{{/aliases}}</datalist>
        <label class="http">Method <select name="method"><option>GET</option><option>POST</option><option>PUT</option><option>PATCH</option><option>DELETE</option><option>HEAD</option></select></label>
        <label class="http">Path and query <input name="target" value="{{target}}"></label>
        </div>
        <label>Payload <textarea name="payload" rows="3" spellcheck="false">{{payload}}</textarea></label>
        <details><summary>Headers</summary><label>One a line, <code>Name: value</code> <textarea name="headers" rows="2" spellcheck="false">{{headers}}</textarea></label></details>
        <div><button>Call</button></div>
        </form>
        {{#hasCall}}
        <div class="answer" id="answer">
        <h3>Answer <span class="pill {{callClass}}">{{status}} {{callWords}}</span></h3>
        <p class="muted">in {{took}} · request {{requestID}}</p>
        <pre id="answer-body" tabindex="0">{{body}}</pre>
        {{#isCut}}<p class="muted">Only the beginning is shown.</p>{{/isCut}}
        {{#wasCold}}<h3>Where the time of this cold start went: {{callColdTotal}}</h3>{{{callPicture}}}{{/wasCold}}
        {{#hasCallLog}}<h3>Log</h3><pre id="answer-log" tabindex="0">{{callLog}}</pre>{{/hasCallLog}}
        <details><summary>Headers of the answer</summary><dl>{{#answerHeaders}}<dt>{{name}}</dt><dd>{{value}}</dd>{{/answerHeaders}}</dl></details>
        </div>
        {{/hasCall}}
        </section>

        <section class="card" id="aliases" aria-labelledby="aliases-title">
        <h2 id="aliases-title">Aliases</h2>
        {{#aliases}}
        <form method="post" action="/console/functions/{{path}}/alias" class="alias" data-alias>
        <input type="hidden" name="token" value="{{token}}"><input type="hidden" name="alias" value="{{alias}}">
        <h3>{{alias}}</h3>
        <p class="muted">Now: {{words}}</p>
        <div class="row">
        <label>Version <select name="version">{{#mains}}<option{{#isChosen}} selected{{/isChosen}}>{{number}}</option>{{/mains}}</select></label>
        <label>Share with <select name="other"><option value="">nobody</option>{{#others}}<option{{#isChosen}} selected{{/isChosen}}>{{number}}</option>{{/others}}</select></label>
        <label class="slider">Its part, % <input type="range" name="weight" min="0" max="100" step="1" value="{{weight}}"></label>
        </div>
        <p class="effect"><output data-effect>{{words}}</output></p>
        <button>Apply to {{alias}}</button>
        </form>
        {{/aliases}}
        {{^hasAliases}}<p class="muted">An alias is a name for a version, or for two that share its calls.</p>{{/hasAliases}}
        <details><summary>New alias</summary>
        <form method="post" action="/console/functions/{{path}}/create-alias" class="row">
        <input type="hidden" name="token" value="{{token}}">
        <label>Name <input name="alias" required></label>
        <label>Version <select name="version">{{#choices}}<option>{{number}}</option>{{/choices}}</select></label>
        <button>Create</button>
        </form></details>
        </section>

        <div class="columns">
        <section class="card" id="versions" aria-labelledby="versions-title">
        <h2 id="versions-title">Versions</h2>
        {{#hasVersions}}
        <div class="scroll" tabindex="0" role="region" aria-label="Versions"><table>
        <thead><tr><th scope="col" class="number">Number</th><th scope="col">Description</th><th scope="col">Published</th></tr></thead>
        <tbody>{{#versions}}<tr><th scope="row" class="number">{{number}}</th><td>{{description}}</td><td>{{created}}</td></tr>{{/versions}}</tbody>
        </table></div>
        {{/hasVersions}}
        {{^hasVersions}}<p class="muted">None is published.</p>{{/hasVersions}}
        <details><summary>Publish a version</summary>
        <form method="post" action="/console/functions/{{path}}/publish" class="row">
        <input type="hidden" name="token" value="{{token}}">
        <label>Description <input name="description"></label><button>Publish LATEST as it is now</button>
        </form></details>
        </section>
        <section class="card" id="instances" aria-labelledby="instances-title">
        <h2 id="instances-title">Instances</h2>
        <div id="instance-list" data-live>
        {{#hasInstances}}
        <div class="scroll" tabindex="0" role="region" aria-label="Instances"><table>
        <thead><tr><th scope="col">Id</th><th scope="col">Version</th><th scope="col">State</th><th scope="col" class="number">Calls</th><th scope="col">Since</th></tr></thead>
        <tbody>{{#instances}}<tr><th scope="row"><code>{{id}}</code></th><td>{{version}}</td><td><span class="pill {{statusClass}}">{{status}}</span></td><td class="number">{{inFlight}}</td><td>{{since}}</td></tr>{{/instances}}</tbody>
        </table></div>
        {{/hasInstances}}
        {{^hasInstances}}<p class="muted">None: the next call starts one.</p>{{/hasInstances}}
        </div>
        <form method="post" action="/console/functions/{{path}}/stop"><input type="hidden" name="token" value="{{token}}"><button class="quiet">End all instances</button></form>
        </section>
        </div>

        <section class="card" id="bench" aria-labelledby="bench-title">
        <h2 id="bench-title">Cold-start benchmark</h2>
        <p class="muted">Ends all instances and calls once, again and again.</p>
        <form method="post" action="/console/functions/{{path}}/bench#bench" class="row">
        <input type="hidden" name="token" value="{{token}}">
        <label>Cold starts <input name="runs" type="number" min="1" max="50" value="20"></label><button>Measure</button>
        </form>
        {{#hasBench}}
        <div class="answer" id="bench-result">
        {{#hasBenchPicture}}
        <div class="tiles"><div class="tile"><b>{{benchP50}}</b><span>median</span></div><div class="tile"><b>{{benchP90}}</b><span>p90</span></div><div class="tile"><b>{{benchP99}}</b><span>p99</span></div><div class="tile"><b>{{benchRuns}}</b><span>cold starts</span></div></div>
        {{{benchPicture}}}
        {{/hasBenchPicture}}
        {{#benchFailed}}<p class="alert">{{benchFailures}} calls failed, or met an instance that another call had started.</p>{{/benchFailed}}
        </div>
        {{/hasBench}}
        </section>

        <div class="columns">
        <section class="card" id="configuration" aria-labelledby="configuration-title">
        <h2 id="configuration-title">Configuration</h2>
        <dl>{{#settings}}<dt>{{name}}</dt><dd>{{value}}</dd>{{/settings}}</dl>
        </section>
        <section class="card" id="layers" aria-labelledby="layers-title">
        <h2 id="layers-title">Layers and triggers</h2>
        {{#hasLayers}}<h3>Layers, lowest first</h3><ol>{{#layers}}<li><code>{{name}}</code></li>{{/layers}}</ol>{{/hasLayers}}
        {{^hasLayers}}<p class="muted">No layer lies over the image.</p>{{/hasLayers}}
        {{#hasTriggers}}<h3>Triggers</h3><ul>{{#triggers}}<li>{{name}}: {{type}}, since {{created}}</li>{{/triggers}}</ul>{{/hasTriggers}}
        {{^hasTriggers}}<p class="muted">No trigger; HTTP calls need none.</p>{{/hasTriggers}}
        </section>
        </div>

        <section class="card" id="logs" aria-labelledby="logs-title">
        <h2 id="logs-title">Log</h2>
        <p class="row"><button type="button" class="quiet" data-log-toggle hidden>Pause</button> <span class="muted" data-log-state>The live log needs the page's script; <code>swiftlet logs -f {{name}}</code> shows it too.</span></p>
        <div class="log" data-log="/console/functions/{{path}}/log" role="log" aria-label="Log" tabindex="0"></div>
        </section>
        """#
}
