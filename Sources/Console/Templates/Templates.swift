// SPDX-License-Identifier: Apache-2.0

/// The pages, in Mustache: `{{name}}` is escaped, and `{{{name}}}` is used for pictures alone, whose own words are escaped already.
enum Templates {
    static let all: [String: String] = [
        "frame": frame, "sign-in": signIn, "failure": failure, "functions": functions, "function": function, "images": images,
        "queue": queue,
    ]

    static let frame = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{title}} · Swiftlet</title>
        <link rel="icon" href="/console/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/console/console.css">
        <script src="/console/console.js" defer></script>
        </head>
        <body>
        <a class="skip" href="#main">To the content</a>
        <header class="top">
        <a class="brand" href="/console/"><img src="/console/icon.svg" alt="" width="26" height="26">Swiftlet</a>
        {{#signedIn}}
        <nav aria-label="Pages">
        <a href="/console/"{{#at-functions}} aria-current="page"{{/at-functions}}>Functions</a>
        {{#hasQueue}}<a href="/console/queue"{{#at-queue}} aria-current="page"{{/at-queue}}>Queue</a>{{/hasQueue}}
        <a href="/console/images"{{#at-images}} aria-current="page"{{/at-images}}>Images</a>
        </nav>
        {{#hasKeys}}<form method="post" action="/console/sign-out" class="who"><span class="muted">{{key}}</span> <input type="hidden" name="token" value="{{token}}"><button class="quiet">Sign out</button></form>{{/hasKeys}}
        {{/signedIn}}
        </header>
        <main id="main">
        {{{content}}}
        </main>
        <footer>Swiftlet {{version}} · the same numbers as <a href="/console/metrics">/metrics</a></footer>
        </body>
        </html>
        """#

    static let signIn = #"""
        <section class="card narrow">
        <h1>Sign in</h1>
        <p>With an access key of this host. <code>swiftlet key create</code> makes one.</p>
        {{#hasProblem}}<p class="alert" role="alert">{{problem}}</p>{{/hasProblem}}
        <form method="post" action="/console/sign-in" class="stack">
        <input type="hidden" name="token" value="{{token}}">
        <label>Key id <input name="id" value="{{id}}" autocomplete="username" required></label>
        <label>Secret <input name="secret" type="password" autocomplete="current-password" required></label>
        <button>Sign in</button>
        </form>
        </section>
        """#

    static let failure = #"""
        <section class="card narrow">
        <h1>{{code}}</h1>
        <p class="alert" role="alert">{{message}}</p>
        <p><a href="/console/">Back to the functions</a></p>
        </section>
        """#

    static let functions = #"""
        <div class="head"><h1>Functions</h1><p class="muted">calls on {{listen}}, since {{started}}</p></div>
        <div class="tiles" id="tiles" data-live>
        <div class="tile"><b>{{count}}</b><span>functions</span></div>
        <div class="tile"><b>{{instances}}</b><span>instances alive</span></div>
        <div class="tile"><b>{{invocations}}</b><span>calls in the last hour</span></div>
        <div class="tile"><b>{{coldShare}}</b><span>of them cold</span></div>
        <div class="tile"><b>{{errors}}</b><span>failed</span></div>
        </div>
        {{#isEmpty}}
        <section class="card">
        <h2>No function yet</h2>
        <p>Load an image and make a function of it:</p>
        <pre>swiftlet image load hello.tar --name hello:1
        swiftlet function create hello --image hello:1 --port 9000</pre>
        </section>
        {{/isEmpty}}
        {{^isEmpty}}
        <section class="card flush">
        <div class="scroll" tabindex="0" role="region" aria-label="Functions">
        <table id="functions" data-live>
        <thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col" class="number">Instances</th><th scope="col" class="number">Calls, 1 h</th><th scope="col" class="number">Cold</th><th scope="col" class="number">Failed</th><th scope="col" class="trend">Last hour</th></tr></thead>
        <tbody>
        {{#functions}}
        <tr>
        <th scope="row"><a href="/console/functions/{{path}}">{{name}}</a><small>{{image}}</small></th>
        <td><span class="pill {{stateClass}}">{{state}}</span></td>
        <td class="number">{{instances}}</td><td class="number">{{invocations}}</td><td class="number">{{coldShare}}</td><td class="number">{{errors}}</td>
        <td class="trend">{{{trend}}}</td>
        </tr>
        {{/functions}}
        </tbody>
        </table>
        </div>
        </section>
        {{/isEmpty}}
        """#

    static let images = #"""
        <div class="head"><h1>Images</h1><p class="muted">each layer lies on the disk once, whatever number of images share it</p></div>
        {{#isEmpty}}<section class="card"><h2>No image yet</h2><pre>swiftlet image load hello.tar --name hello:1</pre></section>{{/isEmpty}}
        {{^isEmpty}}
        <section class="card flush">
        <div class="scroll" tabindex="0" role="region" aria-label="Images">
        <table id="images" data-live>
        <thead><tr><th scope="col">Name</th><th scope="col" class="number">Layers</th><th scope="col" class="number">Size</th><th scope="col" class="number">Of its own</th><th scope="col" class="number">Shared</th><th scope="col" class="trend"><span class="key warm"></span>own <span class="key cold"></span>shared</th><th scope="col">Loaded</th></tr></thead>
        <tbody>
        {{#images}}
        <tr><th scope="row">{{reference}}<small>{{digest}}</small></th><td class="number">{{layers}}</td><td class="number">{{size}}</td><td class="number">{{unique}}</td><td class="number">{{shared}}</td><td class="trend">{{{picture}}}</td><td>{{created}}</td></tr>
        {{/images}}
        </tbody>
        </table>
        </div>
        </section>
        {{/isEmpty}}
        {{#hasLayers}}
        <h2>Layers of functions</h2>
        <section class="card flush">
        <div class="scroll" tabindex="0" role="region" aria-label="Layers">
        <table id="layers">
        <thead><tr><th scope="col">Name</th><th scope="col" class="number">Version</th><th scope="col" class="number">Functions that have it</th><th scope="col" class="number">Size</th><th scope="col" class="number">Of its own</th><th scope="col" class="number">Shared</th><th scope="col">Made</th></tr></thead>
        <tbody>
        {{#layers}}<tr><th scope="row">{{name}}<small>{{description}}</small></th><td class="number">{{version}}</td><td class="number">{{functions}}</td><td class="number">{{size}}</td><td class="number">{{unique}}</td><td class="number">{{shared}}</td><td>{{created}}</td></tr>{{/layers}}
        </tbody>
        </table>
        </div>
        </section>
        {{/hasLayers}}
        """#
}
