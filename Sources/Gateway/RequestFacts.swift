// SPDX-License-Identifier: Apache-2.0
internal import NIOHTTP1

/// What the head of a request says about its own framing, read once. A head that could be understood in two ways is refused, not repaired.
struct RequestFacts {
    /// Why a head is refused with 400, in words.
    struct Malformed: Error {
        var reason: String
    }

    var host: String?
    var contentLength: Int?
    var chunked = false
    var expectsContinue = false
    /// The protocol that the client wants to change to, where `Connection` names `upgrade` too.
    var upgrade: String?
    /// Lower-case names that `Connection` lists.
    var connectionOptions: [String] = []
    var headerBytes = 0

    var hasBody: Bool { chunked || (contentLength ?? 0) > 0 }

    init(_ head: HTTPRequestHead) throws(Malformed) {
        var asksUpgrade: String?
        for (name, value) in head.headers {
            headerBytes += name.utf8.count + value.utf8.count + 4
            guard HeaderRules.isClean(value) else { throw Malformed(reason: "header '\(name)' has a control character in it") }
            switch HeaderName.of(name) {
            case .host:
                guard host == nil else { throw Malformed(reason: "more than one Host header") }
                host = value
            case .contentLength:
                guard contentLength == nil else { throw Malformed(reason: "more than one Content-Length header") }
                guard let length = Self.length(value) else { throw Malformed(reason: "Content-Length is not a number") }
                contentLength = length
            case .transferEncoding:
                guard !chunked, HeaderName.same(value.utf8, "chunked") else {
                    throw Malformed(reason: "Transfer-Encoding must be given once and be 'chunked'")
                }
                chunked = true
            case .connection:
                connectionOptions += value.split(separator: ",").map { $0.trimmed().lowercased() }
            case .expect:
                guard value.lowercased() == "100-continue" else { throw Malformed(reason: "Expect allows '100-continue' only") }
                expectsContinue = true
            case .upgrade: asksUpgrade = value
            default: break
            }
        }
        guard !chunked || contentLength == nil else { throw Malformed(reason: "both Transfer-Encoding and Content-Length") }
        let old = head.version == .http1_0
        guard old || head.version == .http1_1 else { throw Malformed(reason: "only HTTP/1.0 and HTTP/1.1 are spoken here") }
        guard !old || !chunked else { throw Malformed(reason: "Transfer-Encoding in HTTP/1.0") }
        guard old || host != nil else { throw Malformed(reason: "no Host header") }
        if connectionOptions.contains("upgrade") { upgrade = asksUpgrade }
    }

    /// Digits alone: `Int` would take a sign too.
    private static func length(_ text: String) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    func trimmed() -> Substring {
        var rest = self
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
