// SPDX-License-Identifier: Apache-2.0
import FunctionLog
import FunctionModel
import Glibc
import Logging

/// Writes each event as one line: a JSON object, or `name=value` pairs. Line breaks in a value are escaped, so that a value cannot make up a line.
struct StructuredLogHandler: LogHandler {
    let format: LogFormat
    var logLevel: Logger.Level = .notice
    var metadata: Logger.Metadata = [:]
    /// Takes a whole line with its end.
    let write: @Sendable (String) -> Void
    let now: @Sendable () -> LogTime

    init(
        format: LogFormat, now: @escaping @Sendable () -> LogTime = LogTime.now,
        write: @escaping @Sendable (String) -> Void = StructuredLogHandler.standardError
    ) {
        self.format = format
        self.now = now
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields: [(String, String)] = [
            ("time", now().text), ("level", event.level.rawValue), ("message", event.message.description),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        fields += all.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
        if let error = event.error { fields.append(("error", "\(error)")) }
        write(Self.line(fields, format) + "\n")
    }

    static func line(_ fields: [(String, String)], _ format: LogFormat) -> String {
        switch format {
        case .json: "{" + fields.map { "\(JSONValue.string($0).text):\(JSONValue.string($1).text)" }.joined(separator: ",") + "}"
        case .text, .logfmt: fields.map { "\($0)=\(value($1))" }.joined(separator: " ")
        }
    }

    /// Quoted where a bare word would be read in another way.
    private static func value(_ text: String) -> String {
        let isBare =
            !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 127 && $0 != "\"" && $0 != "=" && $0 != "\\" }
        return isBare ? text : JSONValue.string(text).text
    }

    /// In one write, so that lines of several threads do not mix.
    static func standardError(_ line: String) {
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Nobody reads any more: there is nobody left to tell.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
