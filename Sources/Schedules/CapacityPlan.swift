// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// How many instances are to be kept for a qualifier: a base, planned changes of it, and policies that follow the load.
///
/// Source: PutProvisionConfigInput and PutScalingConfigInput of Function Compute API 2023-03-30, and Function Compute contract §5.7.
public struct CapacityPlan: Hashable, Sendable {
    public static let instances = 0...10000
    private static let policies = 100

    /// From each tick on another number is kept.
    public struct Change: Hashable, Sendable {
        public var schedule: Schedule
        public var target: Int
        public var active: ActiveTime
    }

    /// As many instances are kept as make the load a part of what they could take.
    public struct Tracking: Hashable, Sendable {
        /// Calls in progress, as a part of the calls that the instances could take: above 0, up to 1.
        public var utilization: Double
        public var minimum: Int
        public var maximum: Int
        public var active: ActiveTime
    }

    public var base: Int
    public var changes: [Change]
    public var trackings: [Tracking]
    /// When this was put: what was due before does not count.
    public var since: Timestamp
    /// Whether calls may start instances besides.
    public var startsOnDemand = true

    /// The fields of PutProvisionConfigInput, or of PutScalingConfigInput, by what they mean here.
    struct Names {
        var base: [String]
        var changes: String
        var trackings: String
        var minimum: String
        var maximum: String
        var others: [String]

        static let provision = Names(
            base: ["defaultTarget", "target"], changes: "scheduledActions", trackings: "targetTrackingPolicies", minimum: "minCapacity",
            maximum: "maxCapacity", others: ["alwaysAllocateCPU", "alwaysAllocateGPU"])
        static let scaling = Names(
            base: ["minInstances"], changes: "scheduledPolicies", trackings: "horizontalScalingPolicies", minimum: "minInstances",
            maximum: "maxInstances",
            others: ["enableOnDemandScaling", "enableMixMode", "requestDispatchPolicy", "residentPoolId"])
    }

    /// Reads a PutProvisionConfigInput.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` that names field, value and bound.
    public init(provision input: [String: JSONValue], since: Timestamp) throws(ServiceError) {
        try self.init(FieldReader(input), .provision, since)
    }

    /// What a new PutProvisionConfigInput must have besides; what was stored before it was asked for still counts without.
    ///
    /// Source: Function Compute contract §5.7.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`.
    public static func requireMinimum(provision input: [String: JSONValue]) throws(ServiceError) {
        for (index, policy) in (input[Names.provision.trackings]?.array ?? []).enumerated() {
            guard let least = policy.object?[Names.provision.minimum], least != .null else {
                throw .missing(
                    "\(Names.provision.trackings)[\(index)].\(Names.provision.minimum)",
                    "the instances that are kept however low the load is; 0 keeps none")
            }
        }
    }

    /// Reads a PutScalingConfigInput.
    ///
    /// - Throws: as ``init(provision:since:)``.
    public init(scaling input: [String: JSONValue], since: Timestamp) throws(ServiceError) {
        let reader = FieldReader(input)
        if let pool = reader.members["residentPoolId"], !pool.isEmpty {
            throw .invalid("residentPoolId", pool, "this host has no resident pools; leave it out")
        }
        try self.init(reader, .scaling, since)
        _ = try reader.bool("enableMixMode")
        _ = try reader.string("requestDispatchPolicy", maximumBytes: 64)
        startsOnDemand = try reader.bool("enableOnDemandScaling") ?? true
    }

    private init(_ reader: FieldReader, _ names: Names, _ since: Timestamp) throws(ServiceError) {
        try reader.onlyHas(names.base + [names.changes, names.trackings] + names.others)
        self.since = since
        base = 0
        for name in names.base.reversed() { base = try reader.integer(name, Self.instances, unit: " instances") ?? base }
        for name in ["alwaysAllocateCPU", "alwaysAllocateGPU"] { _ = try reader.bool(name) }
        changes = []
        for policy in try Self.list(reader, names.changes) { changes.append(try Change(policy)) }
        trackings = []
        for policy in try Self.list(reader, names.trackings) { trackings.append(try Tracking(policy, names)) }
    }

    private static func list(_ reader: FieldReader, _ name: String) throws(ServiceError) -> [FieldReader] {
        guard let value = reader.members[name] else { return [] }
        guard let elements = value.array, elements.count <= policies else {
            throw .invalid(reader.field(name), value, "it must be a list of at most \(policies) policies")
        }
        var readers: [FieldReader] = []
        var seen: Set<String> = []
        for (index, element) in elements.enumerated() {
            guard let members = element.object else { throw .invalid(reader.field(name), element, "each policy must be an object") }
            let policy = FieldReader(members, path: "\(reader.field(name))[\(index)].")
            guard let word = try policy.string("name", maximumBytes: 128, minimumBytes: 1), seen.insert(word).inserted else {
                throw .missing(policy.field("name"), "each policy of the list has a name of its own")
            }
            readers.append(policy)
        }
        return readers
    }
}

/// When a policy counts; without an end it always does.
public struct ActiveTime: Hashable, Sendable {
    public var start: Timestamp?
    public var end: Timestamp?

    init(_ reader: FieldReader) throws(ServiceError) {
        let zone = try reader.string("timeZone", maximumBytes: 64)
        start = try Self.time(reader, "startTime", zone)
        end = try Self.time(reader, "endTime", zone)
        if let start, let end, start >= end {
            throw .invalid(reader.field("endTime"), reader.members["endTime"] ?? .null, "it must be later than startTime")
        }
    }

    public func contains(_ time: Timestamp) -> Bool { (start.map { $0 <= time } ?? true) && (end.map { time < $0 } ?? true) }

    /// Written as a moment of a schedule is.
    private static func time(_ reader: FieldReader, _ name: String, _ zone: String?) throws(ServiceError) -> Timestamp? {
        guard let text = try reader.string(name, maximumBytes: 64), !text.isEmpty else { return nil }
        do throws(ScheduleError) {
            guard case .at(let moment) = try Schedule(action: "at(\(text))", timeZone: zone) else { return nil }
            return moment
        } catch { throw .invalidArgument("\(reader.field(name)): \(error)") }
    }
}

extension CapacityPlan.Change {
    init(_ reader: FieldReader) throws(ServiceError) {
        try reader.onlyHas(["name", "scheduleExpression", "target", "startTime", "endTime", "timeZone"])
        guard let text = try reader.string("scheduleExpression", maximumBytes: 256, minimumBytes: 1) else {
            throw .missing(reader.field("scheduleExpression"), "for example cron(0 0 8 * * *)")
        }
        guard let target = try reader.integer("target", CapacityPlan.instances, unit: " instances") else {
            throw .missing(reader.field("target"), "the instances to keep from then on")
        }
        self.target = target
        active = try ActiveTime(reader)
        let zone = try reader.string("timeZone", maximumBytes: 64)
        do throws(ScheduleError) {
            schedule = try Schedule(action: text, timeZone: zone)
        } catch { throw .invalidArgument("\(reader.field("scheduleExpression")): \(error)") }
    }
}

extension CapacityPlan.Tracking {
    init(_ reader: FieldReader, _ names: CapacityPlan.Names) throws(ServiceError) {
        try reader.onlyHas(["name", "metricType", "metricTarget", names.minimum, names.maximum, "startTime", "endTime", "timeZone"])
        guard let metric = reader.members["metricType"], metric == "ProvisionedConcurrencyUtilization" else {
            throw .invalid(
                reader.field("metricType"), reader.members["metricType"] ?? .null,
                "this host follows ProvisionedConcurrencyUtilization only")
        }
        guard let target = reader.members["metricTarget"]?.number, target > 0, target <= 1 else {
            throw .invalid(reader.field("metricTarget"), reader.members["metricTarget"] ?? .null, "it must be a number above 0, up to 1")
        }
        utilization = target
        minimum = try reader.integer(names.minimum, CapacityPlan.instances, unit: " instances") ?? 0
        guard let maximum = try reader.integer(names.maximum, CapacityPlan.instances, unit: " instances") else {
            throw .missing(reader.field(names.maximum), "the most instances that the load may bring")
        }
        guard maximum >= minimum else {
            throw .invalid(
                reader.field(names.maximum), .integer(Int64(maximum)), "it must be at least \(minimum), which is \(names.minimum)")
        }
        self.maximum = maximum
        active = try ActiveTime(reader)
    }
}
