// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// A test call and what came of it.
struct CallResult: Sendable {
    var call: ConsoleCall
    var answer: ConsoleCall.Answer
}

extension Console {
    /// Makes the call that a form describes.
    func testCall(_ function: String, _ form: [String: String]) async throws -> CallResult {
        let kind: ConsoleCall.Kind
        if form["kind"] == "http" {
            let target = form["target"] ?? "/"
            kind = .http(method: form["method"] ?? "GET", target: target.hasPrefix("/") ? target : "/" + target)
        } else {
            kind = .event
        }
        let call = ConsoleCall(
            function: function, qualifier: form["qualifier"] ?? "LATEST", kind: kind, headers: try Self.headers(form["headers"] ?? ""),
            payload: (form["payload"] ?? "").replacing("\r\n", with: "\n"))
        return CallResult(call: call, answer: try await host.call(call))
    }

    /// `Name: value`, one a line.
    private static func headers(_ text: String) throws -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            let name = parts[0].filter { !$0.isWhitespace }
            let isToken = name.utf8.allSatisfy {
                $0 == 45 || $0 == 95 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
            }
            guard parts.count == 2, !name.isEmpty, isToken else {
                throw ServiceError.invalidArgument("headers: '\(line.prefix(100))' is not of the form Name: value")
            }
            headers.append((String(name), parts[1].drop { $0 == " " }.filter { $0 != "\0" }))
        }
        return headers
    }

    /// The form as it was sent, and the answer below it.
    func callValues(_ result: CallResult?, _ request: ConsoleRequest, _ coldStarts: [JSONValue]) -> [String: Any] {
        var values: [String: Any] = [
            "payload": result?.call.payload ?? "{\"name\":\"you\"}", "headers": request.form["headers"] ?? "",
            "target": request.form["target"] ?? "/", "isHTTP": request.form["kind"] == "http", "hasCall": result != nil,
            "qualifier": result?.call.qualifier ?? "LATEST",
        ]
        guard let result else { return values }
        let answer = result.answer
        let id = answer.header("x-fc-request-id") ?? ""
        let failed = answer.status >= 400 || answer.header("x-fc-error-type") != nil
        values["status"] = answer.status
        values["callClass"] = failed ? "state-failed" : "state-active"
        values["callWords"] = failed ? answer.header("x-fc-error-type") ?? "failed" : "ok"
        values["took"] = milliseconds(answer.milliseconds)
        values["requestID"] = id
        values["body"] = answer.body
        values["isCut"] = answer.isCut
        values["answerHeaders"] = answer.headers.filter { $0.name.lowercased() != "x-fc-log-result" }
            .map { ["name": $0.name, "value": $0.value] }
        if let log = answer.header("x-fc-log-result").flatMap(decodedBase64) {
            values["callLog"] = log
            values["hasCallLog"] = true
        }
        if let start = coldStarts.last(where: { $0["requestId"]?.string == id }), let picture = ColdStartPicture(start) {
            values["wasCold"] = true
            values["callPicture"] = picture.markup
            values["callColdTotal"] = milliseconds(picture.total)
        }
        return values
    }
}

/// RFC 4648 §4; nil for what is none.
func decodedBase64(_ text: String) -> String? {
    var bytes: [UInt8] = []
    var (bits, count): (UInt32, Int) = (0, 0)
    for byte in text.utf8 where byte != UInt8(ascii: "=") {
        let value: UInt8
        switch byte {
        case 65...90: value = byte - 65
        case 97...122: value = byte - 71
        case 48...57: value = byte + 4
        case 43: value = 62
        case 47: value = 63
        default: return nil
        }
        bits = bits << 6 | UInt32(value)
        count += 6
        if count >= 8 {
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
