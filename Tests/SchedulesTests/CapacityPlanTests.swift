// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Schedules
import Testing

/// Milliseconds of a time of 2026-11-25, UTC.
private func at(_ hour: Int, _ minute: Int = 0, _ second: Int = 0, day: Int = 0) -> Timestamp {
    Timestamp(milliseconds: 1_795_564_800_000 + Int64(((day * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

@Suite struct CapacityPlanTests {
    private func plan(_ json: String, since: Timestamp = at(0)) throws -> CapacityPlan {
        try CapacityPlan(provision: try JSONValue(parsing: json).object ?? [:], since: since)
    }

    @Test func `the change that came last counts, until the next one`() throws {
        let plan = try plan(
            #"""
            {"defaultTarget":1,"scheduledActions":[
                {"name":"day","scheduleExpression":"cron(0 0 8 * * *)","target":10},
                {"name":"night","scheduleExpression":"cron(0 0 20 * * *)","target":2},
                {"name":"once","scheduleExpression":"at(2026-11-25T12:00:00)","target":30}]}
            """#)
        for (time, target) in [
            (at(7, 59, 59), 1), (at(8), 10), (at(11, 59), 10), (at(12), 30), (at(19, 59), 30), (at(20), 2), (at(7, day: 1), 2),
            (at(8, day: 1), 10),
            (at(9, day: 300), 10),
        ] { #expect(plan.planned(at: time) == target, "\(time.rfc3339)") }
    }

    @Test func `what was due before it was put does not count, nor what is outside of its time`() throws {
        let late = try plan(
            #"{"defaultTarget":1,"scheduledActions":[{"name":"a","scheduleExpression":"cron(0 0 8 * * *)","target":10}]}"#, since: at(9))
        #expect(late.planned(at: at(10)) == 1 && late.planned(at: at(10, day: 1)) == 10)
        let bounded = try plan(
            #"""
            {"defaultTarget":1,"scheduledActions":[{"name":"a","scheduleExpression":"cron(0 0 * * * *)","target":5,"startTime":"2026-11-25T08:30:00Z",
            "endTime":"2026-11-25T10:30:00Z"}]}
            """#)
        #expect([at(8, 15), at(8, 45), at(9, 15), at(10, 29), at(10, 30)].map(bounded.planned) == [1, 1, 5, 5, 1])
    }

    @Test func `times are those of the named zone`() throws {
        let plan = try plan(
            #"{"scheduledActions":[{"name":"a","scheduleExpression":"cron(0 0 8 * * *)","target":5,"timeZone":"Asia/Shanghai"}]}"#)
        #expect(plan.planned(at: at(0, 0, 1)) == 5, "8 o'clock in Shanghai is midnight in UTC")
    }

    @Test func `a second's schedule is found at once, however long ago it began`() throws {
        let plan = try plan(#"{"scheduledActions":[{"name":"a","scheduleExpression":"cron(* * * * * *)","target":5}]}"#)
        #expect(plan.planned(at: at(0, day: 400)) == 5)
    }

    @Test func `tracking follows the load up at once, and down after a minute`() throws {
        let plan = try plan(
            #"""
            {"defaultTarget":1,"targetTrackingPolicies":[{"name":"t","metricType":"ProvisionedConcurrencyUtilization","metricTarget":0.5,
            "minCapacity":2,"maxCapacity":8}]}
            """#)
        var load = LoadHistory()
        #expect(plan.target(at: at(1), load: load, concurrency: 10) == 2)
        for _ in 0..<5 { load.add(30) }
        #expect(plan.target(at: at(1), load: load, concurrency: 10) == 6, "30 calls at half load of 10 each")
        for _ in 0..<5 { load.add(500) }
        #expect(plan.target(at: at(1), load: load, concurrency: 10) == 8)
        for _ in 0..<59 { load.add(0) }
        #expect(plan.target(at: at(1), load: load, concurrency: 10) == 8)
        for _ in 0..<10 { load.add(0) }
        #expect(plan.target(at: at(1), load: load, concurrency: 10) == 2)
    }

    @Test(arguments: [
        (#"{"defaultTarget":-1}"#, "defaultTarget", "0 to 10000"), (#"{"deflautTarget":1}"#, "deflautTarget", "defaultTarget"),
        (#"{"scheduledActions":[{"scheduleExpression":"cron(0 0 8 * * *)","target":1}]}"#, "scheduledActions[0].name", "name"),
        (#"{"scheduledActions":[{"name":"a","scheduleExpression":"8","target":1}]}"#, "scheduledActions[0].scheduleExpression", "at("),
        (#"{"scheduledActions":[{"name":"a","scheduleExpression":"cron(0 0 8 * * *)"}]}"#, "scheduledActions[0].target", "required"),
        (#"{"targetTrackingPolicies":[{"name":"a","metricType":"CPUUtilization"}]}"#, "metricType", "ProvisionedConcurrencyUtilization"),
        (
            #"{"targetTrackingPolicies":[{"name":"a","metricType":"ProvisionedConcurrencyUtilization","metricTarget":2,"maxCapacity":1}]}"#,
            "metricTarget", "up to 1"
        ),
    ])
    func `what is wrong is named`(_ json: String, _ field: String, _ rule: String) throws {
        let error = #expect(throws: ServiceError.self) { try plan(json) }
        #expect(
            error?.code == "InvalidArgument" && error?.message.contains(field) == true && error?.message.contains(rule) == true,
            "\(error as Any)")
    }
}
