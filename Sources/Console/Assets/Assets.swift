// SPDX-License-Identifier: Apache-2.0

/// The files that pages name. They hold nothing secret, and are answered without a session.
enum Assets {
    static func file(_ segments: [String]) -> ConsoleAnswer? {
        switch segments {
        case ["console.css"]: answer(StyleSheet.text, "text/css; charset=utf-8")
        case ["console.js"]: answer(Script.text, "text/javascript; charset=utf-8")
        case ["icon.svg"]: answer(icon, "image/svg+xml")
        default: nil
        }
    }

    private static func answer(_ body: String, _ type: String) -> ConsoleAnswer {
        ConsoleAnswer(
            status: 200,
            headers: [
                ("content-type", type), ("x-content-type-options", "nosniff"), ("cache-control", "no-cache"),
                ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"),
            ], body: body)
    }

    /// A swift in flight.
    private static let icon = #"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#c2410c"/><path fill="#fff" d="M4 9c5 1 9 3 12 7 1-4 5-8 12-9-4 3-6 6-7 10 2 3 4 5 5 8-3-2-6-3-9-3-2 2-4 3-7 3 1-1 2-3 2-5-1-5-4-9-8-11z"/></svg>
        """#
}
