// SPDX-License-Identifier: Apache-2.0

/// How asynchronous invocations of one qualifier of a function are retried, and who hears of their end.
///
/// Source: PutAsyncInvokeConfigInput of Function Compute API 2023-03-30; the three `retry…` fields are Swiftlet's own.
public struct AsyncInvokeConfig: Hashable, Sendable {
    /// Whether ended invocations are remembered for a week.
    public var asyncTask = false
    /// Seconds from acceptance, 1 to 604800.
    public var maximumAge = 86_400
    /// Further attempts after an error of the function, 0 to 8.
    public var retryAttempts = 3
    public var onSuccess: InvocationDestination?
    public var onFailure: InvocationDestination?
    /// Seconds before the first further attempt; each pause is `retryFactor` times the one before, up to `retryLongestDelay`.
    public var retryFirstDelay = 1.0
    public var retryFactor = 2.0
    public var retryLongestDelay = 300.0

    public init() {}

    /// Reads a PutAsyncInvokeConfigInput, which replaces the whole: what it leaves out has its default.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` that names field, value and bound.
    public init(_ input: [String: JSONValue]) throws(ServiceError) {
        let reader = FieldReader(input)
        if let value = reader.members["asyncTask"] {
            guard let bool = value.bool else { throw .invalid("asyncTask", value, "it must be true or false") }
            asyncTask = bool
        }
        maximumAge = try reader.integer("maxAsyncEventAgeInSeconds", 1...604_800, unit: " seconds") ?? maximumAge
        retryAttempts = try reader.integer("maxAsyncRetryAttempts", 0...8) ?? retryAttempts
        retryFirstDelay = try Self.number(reader, "retryFirstDelaySeconds", 0.01...3600) ?? retryFirstDelay
        retryFactor = try Self.number(reader, "retryFactor", 1...10) ?? retryFactor
        retryLongestDelay = try Self.number(reader, "retryLongestDelaySeconds", 0.01...86_400) ?? retryLongestDelay
        guard let destinations = try reader.object("destinationConfig") else { return }
        onSuccess = try Self.destination(destinations, "onSuccess")
        onFailure = try Self.destination(destinations, "onFailure")
    }

    private static func number(_ reader: FieldReader, _ name: String, _ bounds: ClosedRange<Double>) throws(ServiceError) -> Double? {
        guard let value = reader.members[name] else { return nil }
        guard let number = value.number, bounds.contains(number) else {
            throw .invalid(name, value, "it must be a number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return number
    }

    private static func destination(_ reader: FieldReader, _ name: String) throws(ServiceError) -> InvocationDestination? {
        guard let object = try reader.object(name), let text = try object.string("destination", maximumBytes: 2048), !text.isEmpty else {
            return nil
        }
        return try InvocationDestination(text, field: object.field("destination"))
    }

    /// The members of `AsyncConfig` that the user gives. ``init(_:)`` reads them back.
    public var json: [String: JSONValue] {
        func destination(_ destination: InvocationDestination?) -> JSONValue {
            destination.map { ["destination": .string($0.text)] } ?? [:]
        }
        return [
            "asyncTask": .bool(asyncTask), "maxAsyncEventAgeInSeconds": .integer(Int64(maximumAge)),
            "maxAsyncRetryAttempts": .integer(Int64(retryAttempts)), "retryFirstDelaySeconds": .number(retryFirstDelay),
            "retryFactor": .number(retryFactor), "retryLongestDelaySeconds": .number(retryLongestDelay),
            "destinationConfig": ["onSuccess": destination(onSuccess), "onFailure": destination(onFailure)],
        ]
    }
}

/// Who is told how an asynchronous invocation ended.
public enum InvocationDestination: Hashable, Sendable {
    /// It is invoked asynchronously, with the record as its event.
    case function(name: String, qualifier: String?, arn: String)
    /// The record goes there as a CloudEvent, signed; or, as `nats:SUBJECT`, into the stream that has the subject.
    case url(String)

    /// - Throws: ``ServiceError`` 400 `InvalidArgument`.
    init(_ text: String, field: String) throws(ServiceError) {
        let wrong = ServiceError.invalid(
            field, .string(text),
            "this host delivers to a function (acs:fc:REGION:ACCOUNT:functions/NAME, with /QUALIFIER behind it if need be), to http:// and https:// URLs,"
                + " and to subjects of NATS (nats:SUBJECT)"
        )
        if text.hasPrefix("nats:") {
            let words = text.dropFirst(5).split(separator: ".", omittingEmptySubsequences: false)
            guard words.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isSubjectByte) }), !text.hasPrefix("nats:_INBOX.") else {
                throw wrong
            }
            self = .url(text)
            return
        }
        if text.hasPrefix("http://") || text.hasPrefix("https://") {
            let rest = text.drop { $0 != ":" }.dropFirst(3)
            guard let first = rest.first, first != "/", text.utf8.allSatisfy({ (33...126).contains($0) }) else { throw wrong }
            self = .url(text)
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "acs", parts[1] == "fc" else { throw wrong }
        let names = parts[4].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(names.count), names[0] == "functions", FunctionName.isName(names[1]), names.last?.isEmpty == false else {
            throw wrong
        }
        self = .function(name: names[1], qualifier: names.count == 3 ? names[2] : nil, arn: text)
    }

    /// What servers take as a part of a subject without a special meaning.
    private static func isSubjectByte(_ byte: UInt8) -> Bool { (33...126).contains(byte) && ![36, 42, 62].contains(byte) }

    public var text: String {
        switch self {
        case .function(_, _, let arn): arn
        case .url(let url): url
        }
    }
}
