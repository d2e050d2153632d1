// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel

/// The JSON of errors. Source: Function Compute contract §3.2 and §8.2.
enum ErrorBody {
    static func service(_ error: ServiceError, _ request: RequestID) -> String {
        "{\"Code\":\(quoted(error.code)),\"Message\":\(quoted(error.message)),\"RequestId\":\(quoted(request.text))}"
    }

    static func invocation(_ message: String) -> String { "{\"errorMessage\":\(quoted(message))}" }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
