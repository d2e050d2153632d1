// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Console {
    /// What is answered to whoever is not signed in, and the ways in and out; nil where the page itself is to be shown.
    func signedOut(_ request: ConsoleRequest, _ visit: inout Visit) throws -> ConsoleAnswer? {
        guard host.keys.areNeeded() else { return nil }
        if request.method == "POST", request.segments == ["sign-out"] {
            sessions.end(request.cookie)
            return pages.redirect("/console/", visit)
        }
        if visit.isSignedIn { return nil }
        guard request.method == "POST", request.segments == ["sign-in"] else {
            return try signInPage(visit, [:], status: request.segments.isEmpty ? 200 : 401)
        }
        let now = host.now()
        if let seconds = attempts.pause(request.address, now: now) {
            var answer = try signInPage(
                visit, ["problem": "Too many attempts have failed. Try again in \(seconds) s."], status: 429)
            answer.headers.append(("retry-after", String(seconds)))
            return answer
        }
        let id = request.form["id"] ?? ""
        do {
            try host.keys.open(id, request.form["secret"] ?? "")
        } catch {
            attempts.failed(request.address, now: now)
            let isKnown = error.code == "AccessDenied"
            return try signInPage(
                visit,
                [
                    "id": id,
                    "problem": isKnown ? error.message : "This key is not known here, or the secret is another one.",
                ], status: 403)
        }
        // A new session for who is known now: a cookie that somebody else has planted is worth nothing.
        sessions.end(request.cookie)
        let (cookie, session) = sessions.begin(.key(id), now: now)
        visit.session = session
        visit.newCookie = cookie
        return pages.redirect("/console/", visit)
    }

    private func signInPage(_ visit: Visit, _ values: [String: Any], status: Int) throws -> ConsoleAnswer {
        var values = values
        values["hasProblem"] = values["problem"] != nil
        return try pages.page("sign-in", title: "Sign in", visit, values, status: status)
    }
}
