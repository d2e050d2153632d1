// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        (#"{"b":[1,2.5,-0,1e3],"a":null}"#, #"{"a":null,"b":[1,2.5,0,1000.0]}"#),
        (#" "\u00fc \ud83d\ude00 \/ \b" "#, #""ü 😀 / \u0008""#),
        ("9223372036854775807", "9223372036854775807"),
        ("[true,false,[],{}]", "[true,false,[],{}]"),
    ])
    func readsAndWrites(_ text: String, _ written: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value.text == written)
        #expect(try JSONValue(parsing: written) == value)
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "1.", "+1", "1e", "nul", "\"\u{01}\"", "\"\\x\"", "\"\\ud800\"", "\"abc",
        "1 2",
        "{\"a\":1,\"a\":2}", "1e999", "[1 2]",
    ])
    func refuses(_ text: String) { #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) } }

    @Test func refusesTextThatIsNotUTF8() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test func nestingDoesNotUseUpTheStack() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: String(repeating: #"{"a":"#, count: 1_000_000)) }
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_400_000, "2000-02-29T00:00:00Z"), (1_795_423_254_999, "2026-11-23T08:40:54Z"),
        (4_107_542_399_000, "2100-02-28T23:59:59Z"), (4_107_542_400_000, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
    ])
    func momentsAreWrittenAsTheServiceWritesThem(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }
}
