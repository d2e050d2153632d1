// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1

/// The first byte says whether the rest is a client's or a function's, the second where it is cut in two.
///
/// What a stream means must not depend on how it is cut, nor on what came before on its connection. And the head that goes on must be read, by the same
/// rules, as what was read here: one request, with the method and the end that the first one had, and without any field that a client may not say.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    _ = memoryIsUsed
    _ = eightAtOnceAreEightOneByOne
    guard count > 2 else { return 0 }
    let bytes = Array(UnsafeBufferPointer(start: start + 2, count: count - 2))
    let cut = Int(start[1]) * bytes.count / 256
    if start[0] & 1 == 0 {
        let whole = requests([bytes])
        check(whole == requests([Array(bytes[..<cut]), Array(bytes[cut...])]), "a request changes with its pieces")
        check(requests([bytes, bytes]) == requests([bytes, bytes], forgetful: true), "a request means something else when it comes again")
        forward(bytes)
    } else {
        let isHead = start[0] & 2 != 0
        let whole = answers([bytes], isHead: isHead)
        check(whole == answers([Array(bytes[..<cut]), Array(bytes[cut...])], isHead: isHead), "an answer changes with its pieces")
        let again = answers([bytes, bytes], isHead: isHead)
        check(again == answers([bytes, bytes], isHead: isHead, forgetful: true), "an answer means something else when it comes again")
    }
    return 0
}

/// Whether heads that come again are taken for known is seen by nothing else here: they mean the same either way.
private let memoryIsUsed: Void = {
    func heads(_ parser: RequestParser) -> [RequestHead] {
        var (parser, found) = (parser, [RequestHead]())
        for _ in 0..<4 {
            var bytes = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            if case .head(let head)? = try? parser.next(&bytes) { found.append(head) }
        }
        return found
    }
    let (again, streams) = (heads(RequestParser()), heads(RequestParser(isStream: true)))
    check(
        again.count == 4 && again[0] !== again[2] && again[2] === again[3] && again[3].isRepeated, "a head that comes again is read again")
    check(streams.count == 4 && streams[2] !== streams[3], "the head of a stream is kept")
}()

/// Every byte in every place of a name: what is found eight bytes at a time is what one at a time gives.
private let eightAtOnceAreEightOneByOne: Void = {
    func isToken(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
    for name in ["host", "x-number", "connection", "content-length", "transfer-encoding", "content-disposition"] as [StaticString] {
        let right = Array(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        for at in right.indices {
            for byte in UInt8.min...UInt8.max {
                var bytes = Array("Ab".utf8) + right + Array(": value".utf8)
                bytes[at + 2] = byte
                let end = bytes.indices.first { $0 >= 2 && !isToken(bytes[$0]) } ?? bytes.count
                bytes.withUnsafeBytes { bytes in
                    let isSame = byte == right[at] || (65...90).contains(byte) && byte + 32 == right[at]
                    check(Grammar.same(bytes, 2..<2 + right.count, name) == isSame, "\(name) with \(byte) at \(at)")
                    check(Grammar.endOfToken(bytes, from: 2, to: bytes.count) == end, "the end of \(name) with \(byte) at \(at)")
                    check(Grammar.endOfToken(bytes, from: 2, to: 2 + right.count) == min(end, 2 + right.count), "an end within \(name)")
                }
            }
        }
    }
}()

private enum Seen: Equatable {
    case head(String, [String])
    case body([UInt8])
    case end([String])
    case malformed
}

private func check(_ holds: Bool, _ words: String) { if !holds { fatalError(words) } }

/// Bodies come in other pieces where the stream does: they are put together.
private func add(_ seen: Seen, to all: inout [Seen]) {
    if case .body(let more) = seen, case .body(let before)? = all.last {
        all[all.count - 1] = .body(before + more)
    } else {
        all.append(seen)
    }
}

private func lines(_ fields: HeaderFields) -> [String] { fields.map { "\($0.name): \($0.value)" } }

/// - Parameter forgetful: with a parser of its own for each message.
private func requests(_ pieces: [[UInt8]], forgetful: Bool = false) -> [Seen] {
    var (parser, buffer, all) = (RequestParser(), ByteBuffer(), [Seen]())
    for piece in pieces {
        buffer.writeBytes(piece)
        do throws(Malformed) {
            while let part = try parser.next(&buffer) {
                switch part {
                case .head(let head):
                    all.append(.head("\(head.method) \(head.uri) \(head.version) \(head.facts)", lines(head.headers)))
                    if forgetful, !head.facts.body.isThere { parser = RequestParser() }
                case .body(let bytes): add(.body(Array(bytes.readableBytesView)), to: &all)
                case .end(let trailers):
                    all.append(.end(lines(trailers ?? .none)))
                    if forgetful { parser = RequestParser() }
                }
            }
        } catch { return all + [.malformed] }
    }
    return all
}

private func answers(_ pieces: [[UInt8]], isHead: Bool, forgetful: Bool = false) -> [Seen] {
    var (parser, buffer, all) = (ResponseParser(), ByteBuffer(), [Seen]())
    parser.answersHEAD = isHead
    for piece in pieces {
        buffer.writeBytes(piece)
        do throws(Malformed) {
            while let part = try parser.next(&buffer) {
                switch part {
                case .head(let head):
                    let facts = "\(head.fieldBytes) \(head.contentLength ?? -1) \(head.chunked) \(head.isKeepAlive) \(head.reason)"
                    all.append(.head("\(head.version) \(head.status) \(facts)", lines(head.headers)))
                case .body(let bytes): add(.body(Array(bytes.readableBytesView)), to: &all)
                case .end(let trailers):
                    all.append(.end(lines(trailers ?? .none)))
                    if forgetful {
                        parser = ResponseParser()
                        parser.answersHEAD = isHead
                    }
                }
            }
        } catch { return all + [.malformed] }
    }
    return all
}

private func forward(_ bytes: [UInt8]) {
    var (parser, buffer) = (RequestParser(), ByteBuffer(bytes: bytes))
    guard case .head(let head)? = try? parser.next(&buffer) else { return }
    if head.uri.utf8.first == UInt8(ascii: "/") {
        _ = Destination.of(method: head.method.rawValue, target: head.uri, host: head.facts.host)
    }
    var out = HeadWriter(head.method, head.uri, capacity: 64)
    HeaderRules.toFunction(&out, head, origin: .init(address: "::1", host: head.facts.host ?? "h", scheme: "http"))
    HeaderRules.frame(&out, head.method, head.facts.body)
    out.end()
    let written = out.bytes
    var (again, rest) = (RequestParser(), written)
    do throws(Malformed) {
        guard case .head(let passed)? = try again.next(&rest) else { fatalError("the head that goes on is not whole") }
        check(rest.readableBytes == 0, "bytes behind the head that goes on")
        check(passed.method == head.method && passed.uri == head.uri, "another request goes on")
        check(passed.facts.body.chunked == head.facts.body.chunked, "another framing goes on")
        check((passed.facts.body.contentLength ?? 0) == (head.facts.body.contentLength ?? 0), "another length goes on")
        for line in passed.headers.lines {
            switch line.meaning {
            case .functionCompute, .hopByHop, .connection, .upgrade, .expect: fatalError("'\(passed.headers.name(line))' goes on")
            default: break
            }
        }
        for option in head.facts.connectionOptions where !["host", "content-length", "transfer-encoding"].contains(option) {
            let made = option.hasPrefix("x-forwarded-") || option == "forwarded"
            check(made || !passed.headers.contains(name: option), "a field that is meant for one hop goes on")
        }
    } catch {
        // The bounds are a client's. What the host adds to a head that was filled up to them is a matter between it and the function.
        let isFull = head.headers.lines.count > HeadParser.fieldCount - 8 || bytes.count > HeadParser.headBytes - 1024
        check(isFull, "the head that goes on is refused: \(error.reason)")
    }
}
