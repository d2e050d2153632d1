// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// When what failed is tried again. Everything here is a pure function; `random` is a number from 0 to 1.
public struct RetryPolicy: Hashable, Sendable {
    /// Further attempts after an error of the function.
    public var attempts: Int
    /// Milliseconds, from acceptance: what is older is given up.
    public var maximumAge: Int64
    /// Milliseconds before the first further attempt; each pause is `factor` times the one before, up to `longestDelay`.
    public var firstDelay: Int64
    public var factor: Double
    public var longestDelay: Int64
    /// How far a pause is moved at random, as a part of it, so that calls which failed together do not come back together.
    public static let jitter = 0.2
    /// Milliseconds of the first pause after the host could not make the call; it doubles, up to the longest one.
    /// Source: Function Compute contract §9.
    public static let firstThrottleDelay: Int64 = 500
    public static let longestThrottleDelay: Int64 = 60_000

    public init(
        attempts: Int = 3, maximumAge: Int64 = 86_400_000, firstDelay: Int64 = 1000, factor: Double = 2, longestDelay: Int64 = 300_000
    ) {
        self.attempts = attempts
        self.maximumAge = maximumAge
        self.firstDelay = firstDelay
        self.factor = factor
        self.longestDelay = longestDelay
    }

    /// Milliseconds to wait after the given number of failed attempts, 1 or more.
    public func delay(afterFailures count: Int, random: Double) -> Int64 {
        Self.grown(firstDelay, by: factor, times: count - 1, upTo: longestDelay, random)
    }

    /// Milliseconds to wait after the given number of attempts in a row that could not be made, 1 or more.
    public func delay(afterThrottles count: Int, random: Double) -> Int64 {
        Self.grown(Self.firstThrottleDelay, by: 2, times: count - 1, upTo: Self.longestThrottleDelay, random)
    }

    private static func grown(_ first: Int64, by factor: Double, times: Int, upTo longest: Int64, _ random: Double) -> Int64 {
        var delay = Double(first)
        for _ in 0..<max(0, times) where delay < Double(longest) { delay *= factor }
        return Int64((min(delay, Double(longest)) * (1 + jitter * (2 * random - 1))).rounded())
    }
}

/// How one attempt ended.
public enum AttemptResult: Hashable, Sendable {
    case succeeded
    /// An error of the function.
    ///
    /// - Parameter retryAfter: milliseconds that the function asked for.
    case failed(retryAfter: Int64?)
    /// Nothing was free, or something of the host failed.
    case throttled(retryAfter: Int64?)
    /// The function refused it for good: the same request would be refused again.
    case refused
    /// The function, or what the qualifier means, does not exist any more.
    case gone
    /// Somebody stopped it.
    case stopped
    /// The host stopped in the middle of it.
    case interrupted
}

/// What follows from it.
public enum AfterAttempt: Hashable, Sendable {
    case retry(at: Timestamp, Tries)
    case ended(TaskStatus)
}

extension RetryPolicy {
    /// Decides what becomes of an invocation after an attempt.
    public func after(_ result: AttemptResult, _ tries: Tries, now: Timestamp, random: Double) -> AfterAttempt {
        var tries = tries
        let pause: Int64
        switch result {
        case .succeeded: return .ended(.succeeded)
        case .refused: return .ended(.failed)
        case .gone: return .ended(.invalid)
        case .stopped: return .ended(.stopped)
        case .interrupted: return .retry(at: now, tries)
        case .failed(let asked):
            tries.failures += 1
            tries.throttles = 0
            guard tries.failures <= attempts else { return .ended(.failed) }
            pause = max(asked ?? 0, delay(afterFailures: tries.failures, random: random))
        case .throttled(let asked):
            tries.throttles += 1
            pause = max(asked ?? 0, delay(afterThrottles: tries.throttles, random: random))
        }
        let time = Timestamp(milliseconds: now.milliseconds + pause)
        return isTooOld(tries, at: time) ? .ended(.expired) : .retry(at: time, tries)
    }

    public func isTooOld(_ tries: Tries, at time: Timestamp) -> Bool { time.milliseconds - tries.since.milliseconds > maximumAge }
}
