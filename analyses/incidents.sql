-- Several acts of one actor within a day; what the view `incidents` is made of.
{{ trailhound.incidents_query() }}
