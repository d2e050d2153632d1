// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// What an invocation is, beside its payload.
public enum InvocationHead: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    /// `POST /invoke` with the payload as its body, and these fields (`traceparent`, `tracestate`) beside Function Compute's own.
    case event(fields: [Field])
    /// An HTTP call, replayed as it was.
    case http(method: String, target: String, fields: [Field])
    /// A destination: the payload, a CloudEvent in JSON, goes to a URL. `origin` is the task that it tells of.
    case delivery(url: String, origin: Origin)

    /// The task that a delivery tells of.
    public struct Origin: Hashable, Sendable {
        public var lane: String
        public var task: String

        public init(lane: String, task: String) { (self.lane, self.task) = (lane, task) }
    }
}

extension InvocationHead {
    /// The fields by which it is part of a trace. Source: W3C Trace Context §3.
    public var trace: [Field] {
        switch self {
        case .event(let fields), .http(_, _, let fields): fields.filter { Self.isTrace($0.name) }
        case .delivery: []
        }
    }

    public static func isTrace(_ name: String) -> Bool { ["traceparent", "tracestate"].contains(name.lowercased()) }

    /// As it is stored; nil for an event without fields, which most are.
    public var json: JSONValue? {
        switch self {
        case .event(let fields): fields.isEmpty ? nil : ["fields": Self.json(fields)]
        case .http(let method, let target, let fields):
            ["method": .string(method), "target": .string(target), "fields": Self.json(fields)]
        case .delivery(let url, let origin): ["url": .string(url), "lane": .string(origin.lane), "task": .string(origin.task)]
        }
    }

    /// - Returns: nil for what ``json`` never makes.
    public init?(stored json: JSONValue?) {
        guard let json else {
            self = .event(fields: [])
            return
        }
        guard let members = json.object else { return nil }
        let fields = members["fields"]?.array?.compactMap { Field($0) } ?? []
        if let url = members["url"]?.string, let lane = members["lane"]?.string, let task = members["task"]?.string {
            self = .delivery(url: url, origin: Origin(lane: lane, task: task))
        } else if let method = members["method"]?.string, let target = members["target"]?.string {
            self = .http(method: method, target: target, fields: fields)
        } else {
            self = .event(fields: fields)
        }
    }

    private static func json(_ fields: [Field]) -> JSONValue { .array(fields.map { [.string($0.name), .string($0.value)] }) }
}

extension InvocationHead.Field {
    fileprivate init?(_ json: JSONValue) {
        guard let pair = json.array, pair.count == 2, let name = pair[0].string, let value = pair[1].string else { return nil }
        self.init(name, value)
    }
}
