// SPDX-License-Identifier: Apache-2.0

extension Templates {
    static let queue = #"""
        <div class="head"><h1>Queue</h1><p class="muted">asynchronous invocations: accepted means on disk</p></div>
        {{#hasNotice}}<p class="notice" role="status">{{notice}}</p>{{/hasNotice}}
        {{#isEmpty}}<section class="card"><h2>Nothing was accepted yet</h2><pre>swiftlet invoke hello --async --data '{"name":"you"}'</pre></section>{{/isEmpty}}
        {{^isEmpty}}
        <section class="card flush">
        <div class="scroll" tabindex="0" role="region" aria-label="Queues">
        <table id="queues" data-live>
        <thead><tr><th scope="col">Function</th><th scope="col" class="number">Waiting</th><th scope="col" class="number">Running</th><th scope="col" class="number">Oldest</th><th scope="col" class="number">Done</th><th scope="col" class="number">Retries</th><th scope="col" class="number">Dead</th><th scope="col" class="trend">Depth, last hour</th><th scope="col" class="trend">Age, last hour</th></tr></thead>
        <tbody>
        {{#queues}}
        <tr><th scope="row"><a href="/console/functions/{{path}}">{{function}}</a></th><td class="number">{{waiting}}</td><td class="number">{{running}}</td><td class="number">{{age}}</td><td class="number">{{done}}</td><td class="number">{{retries}}</td><td class="number">{{dead}}</td><td class="trend">{{{depthPicture}}}</td><td class="trend">{{{agePicture}}}</td></tr>
        {{/queues}}
        </tbody>
        </table>
        </div>
        </section>
        {{/isEmpty}}
        <section class="card" id="dead-letters" aria-labelledby="letters-title">
        <h2 id="letters-title">Dead letters</h2>
        {{^hasLetters}}<p class="muted">None: what failed for good would be kept here, with its payload and the reason.</p>{{/hasLetters}}
        {{#hasLetters}}
        <form method="post" action="/console/queue/redrive-all"><input type="hidden" name="token" value="{{token}}"><button>Send all again</button></form>
        <div class="scroll" tabindex="0" role="region" aria-label="Dead letters">
        <table>
        <thead><tr><th scope="col">Task</th><th scope="col">Function</th><th scope="col">Reason</th><th scope="col" class="number">Attempts</th><th scope="col">Ended</th><th scope="col">Again</th></tr></thead>
        <tbody>
        {{#letters}}
        <tr><th scope="row"><code>{{task}}</code></th><td>{{function}}</td><td>{{reason}}<small>{{error}}</small></td><td class="number">{{attempts}}</td><td>{{ended}}</td>
        <td><form method="post" action="/console/queue/redrive"><input type="hidden" name="token" value="{{token}}"><input type="hidden" name="function" value="{{function}}"><input type="hidden" name="task" value="{{task}}"><button class="quiet" aria-label="Send task {{task}} again">Send again</button></form></td></tr>
        {{/letters}}
        </tbody>
        </table>
        </div>
        {{/hasLetters}}
        </section>
        {{#hasTasks}}
        <section class="card flush">
        <div class="scroll" tabindex="0" role="region" aria-label="Tasks">
        <table id="tasks" data-live>
        <thead><tr><th scope="col">Task</th><th scope="col">Function</th><th scope="col">State</th><th scope="col">Since</th></tr></thead>
        <tbody>{{#tasks}}<tr><th scope="row"><code>{{task}}</code></th><td>{{function}}</td><td><span class="pill {{statusClass}}">{{status}}</span></td><td>{{since}}</td></tr>{{/tasks}}</tbody>
        </table>
        </div>
        </section>
        {{/hasTasks}}
        """#
}
