// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Console {
    /// What is answered to whoever is not signed in, and the ways in and out; nil where the page itself is to be shown.
    func signedOut(_ request: ConsoleRequest, _ visit: inout Visit) async throws -> ConsoleAnswer? {
        guard let signIn = host.signIn else { return nil }
        if request.method == "POST", request.segments == ["sign-out"] {
            sessions.end(request.cookie)
            return pages.redirect("/console/", visit)
        }
        if visit.session.isSignedIn { return nil }
        guard request.method == "POST", request.segments == ["sign-in"] else {
            return try pages.page("sign-in", title: "Sign in", visit, [:], status: request.segments.isEmpty ? 200 : 401)
        }
        guard try await signIn(request.form["id"] ?? "", request.form["secret"] ?? "") else {
            return try pages.page(
                "sign-in", title: "Sign in", visit, ["failed": true, "id": request.form["id"] ?? ""], status: 401)
        }
        // A new session for who is known now: a cookie that somebody else has planted is worth nothing.
        sessions.end(request.cookie)
        let (cookie, session) = sessions.begin(signedIn: true, now: host.now())
        visit.session = session
        visit.newCookie = cookie
        return pages.redirect("/console/", visit)
    }
}
