// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import HTTPTypes
import Hummingbird

extension Request {
    /// Bytes of a JSON body. Images do not go this way.
    static let maximumJSONBytes = 1 << 20

    /// Path and query as they came.
    var target: (path: Substring, query: Substring) {
        let target = head.path ?? "/"
        guard let mark = target.firstIndex(of: "?") else { return (target[...], "") }
        return (target[..<mark], target[target.index(after: mark)...])
    }

    /// Reads the body as a JSON object; no body counts as an empty one.
    ///
    /// - Throws: ``ServiceError`` 400 `EntityTooLarge`, 400 `InvalidArgument`.
    func jsonObject() async throws -> [String: JSONValue] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > Self.maximumJSONBytes { throw Self.tooLarge }
        var bytes: [UInt8] = []
        for try await buffer in body {
            guard bytes.count + buffer.readableBytes <= Self.maximumJSONBytes else { throw Self.tooLarge }
            bytes += buffer.readableBytesView
        }
        if bytes.isEmpty { return [:] }
        let value: JSONValue
        do { value = try JSONValue(parsing: bytes) } catch { throw ServiceError.invalidArgument("the body of the request is \(error)") }
        guard let members = value.object else { throw ServiceError.invalidArgument("the body of the request must be a JSON object") }
        return members
    }

    private static var tooLarge: ServiceError {
        ServiceError(status: 400, code: "EntityTooLarge", message: "payload size exceeds maximum allowed size (\(maximumJSONBytes) bytes)")
    }
}
