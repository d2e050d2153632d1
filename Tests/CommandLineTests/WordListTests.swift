// SPDX-License-Identifier: Apache-2.0
import Testing
import swiftlet

@Suite struct WordListTests {
    static let rows: [(given: String, parsed: String)] = [
        ("function create f --image i --command a b c", "function create f --image i --command=a --command=b --command=c"),
        (
            "function create f --command python3 --args -m http.server 9000 --port 9000",
            "function create f --command=python3 --args=-m --args=http.server --args=9000 --port 9000"
        ),
        ("function create f --args -m --args http.server --image i", "function create f --args=-m --args=http.server --image i"),
        ("function create f --args -c --unknown -- x", "function create f --args=-c --args=--unknown --args=-- --args=x"),
        ("function create f --args -v --help", "function create f --args=-v --help"),
        ("function create f --args=--port --port 80", "function create f --args=--port --port 80"),
        ("function create f --env A=1 B=-2 --port 80", "function create f --env=A=1 --env=B=-2 --port 80"),
        ("function create f --args x --port=80 y", "function create f --args=x --port=80 y"),
        ("function create f --args --port 80", "function create f --args --port 80"),
        ("function create f --args", "function create f --args"),
        ("image pack d --command /server -v -o out.tar", "image pack d --command=/server --command=-v -o out.tar"),
        ("invoke f --args a b", "invoke f --args a b"),
        ("", ""),
    ]

    @Test("a list takes every word up to the next option of its verb", arguments: rows)
    func expands(_ row: (given: String, parsed: String)) {
        let words = row.given.split(separator: " ").map(String.init)
        #expect(WordLists.expand(words).joined(separator: " ") == row.parsed)
    }

    @Test("an empty word is kept: it goes back to the image's own") func keepsEmptyWords() {
        #expect(WordLists.expand(["function", "update", "f", "--args", ""]) == ["function", "update", "f", "--args", ""])
    }

    @Test("every option that a verb's help shows ends a list, or is one", arguments: WordLists.verbPaths)
    func knowsEveryOption(_ verb: [String]) throws {
        let help = try CommandLineProgram.run(verb + ["--help"]).out
        // Names stand before the first double space, with a comma between them and a value's name behind.
        let names = help.split(separator: "\n").filter { $0.hasPrefix("  -") }.map { String($0.dropFirst(2)).split(separator: "  ")[0] }
        let shown = names.flatMap { $0.split(separator: " ").filter { $0.hasPrefix("-") }.map { $0.filter { $0 != "," } } }
        try #require(shown.count > 5)
        #expect(Set(shown).subtracting(WordLists.options(of: verb)).isEmpty)
    }
}
