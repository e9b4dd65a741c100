package dev.omnibus.examples.quakes;

/**
 * A place on Earth. Immutable.
 *
 * @param latitude in degrees, north positive
 * @param longitude in degrees, east positive
 */
public record Position(double latitude, double longitude) {

    private static final double EARTH_RADIUS_KM = 6371;

    /**
     * How far it is to another place along the surface, by the haversine formula.
     *
     * @param other the other place
     * @return the distance in kilometres
     */
    public double distanceKm(Position other) {
        double north = Math.sin(Math.toRadians(other.latitude - latitude) / 2);
        double east = Math.sin(Math.toRadians(other.longitude - longitude) / 2);
        double parallels = Math.cos(Math.toRadians(latitude)) * Math.cos(Math.toRadians(other.latitude));
        double haversine = north * north + parallels * east * east;
        return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(haversine)));
    }
}
