// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Mustache

/// Puts values into templates, and a page into its frame.
struct PageRenderer: Sendable {
    /// No script and no style but the console's own files, no frame around it, and forms that go nowhere else.
    static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    static let headers: [(name: String, value: String)] = [
        ("content-type", "text/html; charset=utf-8"), ("content-security-policy", policy), ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"), ("referrer-policy", "same-origin"), ("cache-control", "no-store"),
    ]

    private let library: MustacheLibrary

    init() throws {
        MustacheContentTypes.register(EscapedText(), named: "PAGE")
        var library = MustacheLibrary()
        for (name, text) in Templates.all { try library.register("{{% CONTENT_TYPE:PAGE}}" + text, named: name) }
        self.library = library
    }

    func page(_ template: String, title: String, _ visit: Visit, _ values: [String: Any], status: Int = 200) throws -> ConsoleAnswer {
        var values = values
        values["token"] = visit.session.formToken
        values["title"] = title
        values["version"] = visit.version
        values["signedIn"] = visit.isSignedIn
        values["hasQueue"] = visit.hasQueue
        values["hasKeys"] = visit.hasKeys
        values["key"] = visit.key ?? ""
        values["at-\(template == "function" ? "functions" : template)"] = true
        guard let inner = library.render(values, withTemplate: template) else { throw MissingTemplate(name: template) }
        values["content"] = inner
        guard let body = library.render(values, withTemplate: "frame") else { throw MissingTemplate(name: "frame") }
        return ConsoleAnswer(status: status, headers: Self.headers + cookie(visit), body: body)
    }

    func failure(_ error: ServiceError, _ visit: Visit) throws -> ConsoleAnswer {
        try page(
            "failure", title: error.code, visit, ["code": error.code, "message": error.message, "status": error.status],
            status: error.status)
    }

    /// After a form: the browser asks for the page anew, and going back does not send the form again.
    func redirect(_ path: String, _ visit: Visit) -> ConsoleAnswer {
        ConsoleAnswer(status: 303, headers: Self.headers + cookie(visit) + [("location", path)], body: "")
    }

    private func cookie(_ visit: Visit) -> [(name: String, value: String)] {
        guard let cookie = visit.newCookie else { return [] }
        return [
            ("set-cookie", "\(Sessions.cookieName)=\(cookie); Path=/console; HttpOnly; SameSite=Strict\(visit.isSecure ? "; Secure" : "")")
        ]
    }
}

struct MissingTemplate: Error {
    var name: String
}

/// Replaces the library's own escaping, which looks at characters: a quote with a combining mark behind it would pass.
private struct EscapedText: MustacheContentType {
    func escapeText(_ text: String) -> String { escapedHTML(text) }
}
